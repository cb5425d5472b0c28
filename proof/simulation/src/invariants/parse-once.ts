import { type AmountsBySource, parseAmounts } from '@cashback/contract/source';

type Stored = Parameters<typeof parseAmounts>[0];

const parsed = new WeakMap<Stored, AmountsBySource>();

/** Stored amounts are replaced, never changed, and most of them are the same after an effect as before it. */
export function parseOnce(stored: Stored): AmountsBySource {
  let amounts = parsed.get(stored);
  if (amounts === undefined) parsed.set(stored, (amounts = parseAmounts(stored)));
  return amounts;
}
