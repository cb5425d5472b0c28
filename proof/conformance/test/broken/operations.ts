import { formatAmount, parseAmount } from '@cashback/contract';
import {
  type BrokenImplementation,
  type Body,
  invoiceOf,
  on,
  onSuccess,
  UPDATE_CASHBACK,
  RETRIEVE,
} from './exchange.ts';

/** Operations and their ends: T18 to T22, and what they say of money. */
export const operations: readonly BrokenImplementation[] = [
  {
    does: 'reports success and the target before the money has moved',
    breaks: ['T20', 'T35'],
    fault: () =>
      onSuccess(RETRIEVE, ({ cashback }) => {
        const [newest] = cashback.operations;
        if (newest === undefined || cashback.status === 'failed') return;
        cashback.status = 'success';
        newest.status = 'success';
        cashback.rewarded = newest.reward;
      }),
  },
  {
    does: 'adds the target to what is already rewarded',
    breaks: ['T19'],
    fault: () => {
      const sent = new Map<string, Body>();
      return on(UPDATE_CASHBACK, async (exchange) => {
        const { operation_id, reward } = exchange.body;
        const { cashback } = await invoiceOf(exchange);
        const sums = new Map<string, bigint>();
        for (const { source, amount } of [...reward, ...(cashback?.rewarded ?? [])]) {
          sums.set(source, (sums.get(source) ?? 0n) + parseAmount(amount));
        }
        const target =
          sent.get(operation_id) ?? [...sums].map(([source, sum]) => ({ source, amount: formatAmount(sum) }));
        sent.set(operation_id, target);
        return exchange.forward({ ...exchange.body, reward: target });
      });
    },
  },
  {
    does: 'does not say what an earlier payee has',
    breaks: ['T44'],
    fault: () => onSuccess('/v2/invoice/change_payee', ({ cashback }) => delete cashback.elsewhere),
  },
  {
    does: 'does not say what a wallet owes',
    breaks: ['T43'],
    fault: () => onSuccess(RETRIEVE, ({ cashback }) => delete cashback.owed),
  },
  {
    does: 'lists the oldest operation first',
    breaks: ['T21'],
    fault: () =>
      onSuccess(RETRIEVE, ({ cashback }) => {
        cashback.operations = cashback.operations.toReversed();
      }),
  },
  {
    does: 'counts changes of money in the version of the cashback',
    breaks: ['T22'],
    fault: () => onSuccess(RETRIEVE, (body) => (body.cashback.version += body.version - 1)),
  },
  {
    does: 'never reports the end of an operation',
    breaks: ['T18'],
    fault: () =>
      onSuccess(RETRIEVE, ({ cashback }) => {
        if (cashback.operations.length > 0) cashback.status = 'in-progress';
      }),
  },
  {
    does: 'reports a failure as a success',
    breaks: ['T37'],
    fault: () =>
      onSuccess(RETRIEVE, ({ cashback }) => {
        if (cashback.status !== 'failed') return;
        cashback.status = 'success';
        cashback.operations[0].status = 'success';
        cashback.rewarded = cashback.operations[0].reward;
      }),
  },
];
