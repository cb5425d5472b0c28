import { type BrokenImplementation, on, onSuccess } from './exchange.ts';

/** Epochs and change ids: T38, T41 and T42. */
export const restore: readonly BrokenImplementation[] = [
  {
    does: 'begins a new epoch with each change of money',
    breaks: ['T38'],
    fault: () => onSuccess('/v2/invoice/update', (body) => (body.invoice_epoch += 1)),
  },
  {
    does: 'knows a change by its content alone',
    breaks: ['T41', 'T42'],
    fault: () =>
      on('/v2/invoice/update', ({ body: { change_id: _change_id, ...body }, forward }) => forward(body)),
  },
];
