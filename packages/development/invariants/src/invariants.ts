/**
 * What must always be true, by the number that a violation is reported with. Those of `AT_REST` speak of rest alone:
 * under way they need not hold.
 */
export const INVARIANTS = [
  { number: 0, title: 'every target is the calculation of its newest invoice and rates' },
  { number: 1, title: 'what is rewarded is the newest target and what is owed, by order and source' },
  { number: 2, title: 'every acknowledged register is stored' },
  { number: 3, title: 'an older invoice version never overwrote a newer one' },
  { number: 4, title: 'cashback_sum is the sum of the newest events' },
  { number: 5, title: 'at most one operation of an order is unfinished' },
  { number: 6, title: 'an operation id means one order, one payee, one reward' },
  { number: 7, title: 'every effect had a committed intent of its sender first' },
  { number: 8, title: 'rewarded is never negative, never above the largest target' },
  { number: 9, title: 'every balance cache holds the newest sequence of its wallet' },
  { number: 10, title: 'every adopted sequence was pushed, no superseded one was' },
  { number: 11, title: 'no order is unsettled without a job or a stated attention' },
  { number: 12, title: 'money is conserved: rewarded = top-ups - refunds = wallets + spends' },
  { number: 13, title: 'events, operations and outcomes can only be added' },
  { number: 14, title: 'targets and rewarded differ by the sum of the parts, in every snapshot' },
  { number: 17, title: 'after faults that passed no order needs a person' },
] as const;

export const AT_REST: ReadonlySet<number> = new Set([0, 1, 9, 10, 12]);

export type InvariantNumber = (typeof INVARIANTS)[number]['number'];

/** `order_id` is the wallet's id where the invariant is about a wallet, and empty where it is about the whole run. */
export interface Violation {
  invariant: InvariantNumber;
  order_id: string;
  detail: string;
}
