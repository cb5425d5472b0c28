import { type BrokenImplementation, onSuccess } from './exchange.ts';

/** Epochs: T38. */
export const restore: readonly BrokenImplementation[] = [
  {
    does: 'begins a new epoch with each change of money',
    breaks: ['T38'],
    fault: () => onSuccess('/v2/invoice/update', (body) => (body.invoice_epoch += 1)),
  },
];
