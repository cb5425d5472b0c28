import type { AdoptionWrites } from '../decide-adoption.ts';

/*
 * The rules of the statements in `write-balance.ts`: what each makes of a row. The simulation runs them, and a test
 * holds the statements against them.
 */

/** A row of the cache, as far as adopting writes it. Times are milliseconds of the epoch. */
export type BalanceRow = AdoptionWrites['balance'] & { check_at: number };

/** `insertBalance`, of a wallet that has no row. */
export function insertedBalance(
  { balance, has_gap }: AdoptionWrites,
  check_interval_ms: number,
  now: number,
): BalanceRow {
  return { ...balance, check_at: has_gap ? FIRST_OF_ALL : now + check_interval_ms };
}

/** `updateBalance` */
export function updatedBalance(row: BalanceRow, { balance, has_gap }: AdoptionWrites): BalanceRow {
  return { ...row, ...balance, ...(has_gap && { check_at: FIRST_OF_ALL }) };
}

/** A wallet that missed a callback is checked before those whose turn has come. */
export const FIRST_OF_ALL = 0;
