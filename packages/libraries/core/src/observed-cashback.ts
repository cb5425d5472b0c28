import type { CashbackStatus } from '@cashback/wire';
import {
  type AmountsBySource,
  amountOf,
  equalAmounts,
  formatAmounts,
  sourcesOf,
  totalOf,
} from '@cashback/contract/source';
import type { Attention } from './attention.ts';

/** The cashback part of an invoice, as `transactions` reports it. `operations` has only the newest ones. */
export interface ObservedCashback {
  /** Null: the answer does not say, which means the epoch that is stored. */
  epoch: number | null;
  version: number;
  status: CashbackStatus;
  rewarded: AmountsBySource;
  /** The part of it that the newest operation, a success, did not find in the wallet. Absent: none. */
  owed?: AmountsBySource;
  /** The part of rewarded that wallets of earlier payees carry. Absent: none. */
  elsewhere?: AmountsBySource;
  /** Operations may be missing since a restore, and are to be repeated. Absent: nothing is missing. */
  history?: 'unknown';
  operations: { operation_id: string; status: CashbackStatus; reward: AmountsBySource; reason?: string }[];
}

/** False while wallets of earlier payees carry more than what is owed: an attempt takes that back at once. */
function isHere({ elsewhere = {}, owed = {} }: ObservedCashback): boolean {
  return sourcesOf(elsewhere).every((source) => amountOf(elsewhere, source) <= amountOf(owed, source));
}

/** What the invoice carries for good, once its wallet has paid what it owes. */
export function withoutOwed({ rewarded, owed = {} }: ObservedCashback): AmountsBySource {
  const rest: AmountsBySource = {};
  for (const source of sourcesOf(rewarded, owed)) {
    rest[source] = amountOf(rewarded, source) - amountOf(owed, source);
  }
  return rest;
}

/** The target is reached but for what the wallet owes: nothing failed, and only another attempt shows whether it has money. */
export function debtOf(cashback: ObservedCashback, target: AmountsBySource): Attention | null {
  const { status, owed = {} } = cashback;
  if (status !== 'success' || totalOf(owed) === 0n || !isHere(cashback)) return null;
  if (!equalAmounts(withoutOwed(cashback), target)) return null;
  const amounts = formatAmounts(owed);
  const listed = amounts.map(({ source, amount }) => `${amount} (${source})`).join(', ');
  return {
    code: 'owed',
    reason: `the wallet owes ${listed} that it did not have`,
    details: { owed: amounts },
  };
}
