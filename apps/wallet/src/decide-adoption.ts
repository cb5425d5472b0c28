import { compareVersions } from '@cashback/core';
import type { BalanceReport } from './balance-report.ts';
import type { Origin } from './db/tables.ts';

/** What numbers a balance. It is newer by its epoch, and within an epoch by its sequence. */
export interface Position {
  epoch: number;
  sequence: number;
}

/** What adopting a balance writes. */
export interface AdoptionWrites {
  balance: Position & {
    wallet_id: string;
    user_id: string;
    currency: string;
    balance: string;
    updated_at: Date;
  };
  push: Position & { wallet_id: string; currency: string; balance: string; updated_at: Date };
  /** Balances before it have not arrived: callbacks are late or lost. */
  has_gap: boolean;
}

/**
 * A balance is adopted, and pushed, when its (epoch, sequence) is above the cached one. Null: it is superseded. A report
 * without an epoch is of the cached one.
 */
export function decideAdoption(cached: Position | null, report: BalanceReport): AdoptionWrites | null {
  const position = positionOf(cached, report);
  if (cached !== null && comparePositions(position, cached) <= 0) return null;
  const { wallet_id, user_id, currency, balance, occurred_at } = report;
  const updated_at = new Date(occurred_at);
  return {
    balance: { wallet_id, user_id, currency, balance, ...position, updated_at },
    push: { wallet_id, currency, balance, ...position, updated_at },
    has_gap: !follows(position, cached),
  };
}

/** The same by the origin of the report: the payment system answers with its newest balance, so nothing is missing before it. */
export function adoptionOf(
  cached: Position | null,
  report: BalanceReport,
  origin: Origin,
): AdoptionWrites | null {
  const adopted = decideAdoption(cached, report);
  return adopted && origin === 'check' ? { ...adopted, has_gap: false } : adopted;
}

export function positionOf(
  cached: Position | null,
  { epoch, sequence }: Pick<BalanceReport, 'epoch' | 'sequence'>,
): Position {
  return { epoch: epoch ?? cached?.epoch ?? 1, sequence };
}

/** Below 0: `a` is older than `b`; 0: they are the same. */
export function comparePositions(a: Position, b: Position): number {
  return compareVersions({ epoch: a.epoch, version: a.sequence }, { epoch: b.epoch, version: b.sequence });
}

/** Where a new epoch goes on is known to nobody, so its first balance follows nothing. */
function follows({ epoch, sequence }: Position, cached: Position | null): boolean {
  if (cached === null) return sequence === 1;
  return epoch === cached.epoch && sequence === cached.sequence + 1;
}
