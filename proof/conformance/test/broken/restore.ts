import { randomUUID } from 'node:crypto';
import { type BrokenImplementation, UPDATE_CASHBACK, invoiceOf, on, onSuccess } from './exchange.ts';

/** Epochs, change ids and what callers state: T38, T41, T42 and T45. */
export const restore: readonly BrokenImplementation[] = [
  {
    does: 'begins a new epoch with each change of money',
    breaks: ['T38'],
    fault: () => onSuccess('/v2/invoice/update', (body) => (body.invoice_epoch += 1)),
  },
  {
    does: 'carries out whatever its caller says was carried out before',
    breaks: ['T45'],
    fault: () =>
      on(UPDATE_CASHBACK, async (exchange) => {
        const { body, forward } = exchange;
        if (body.history?.state !== 'repeated') return forward();
        const { cashback } = await invoiceOf(exchange);
        return forward({ ...body, operation_id: randomUUID(), version: cashback.version });
      }),
  },
  {
    does: 'knows a change by its content alone',
    breaks: ['T41', 'T42'],
    fault: () =>
      on('/v2/invoice/update', ({ body: { change_id: _change_id, ...body }, forward }) => forward(body)),
  },
];
