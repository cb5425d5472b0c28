import type { ChargeOrder } from '@cashback/cashback-db';
import { formatAmounts } from '@cashback/contract';
import {
  type Attention,
  type ChargeDecision,
  type Heals,
  MAX_HEALS,
  type ObservedCashback,
  compareVersions,
  decideHeal,
  isHealRefused,
} from '@cashback/core';

/** What counts from now on, and why the order needs attention instead of what was decided; null: it goes on. */
export interface BoundHeals {
  heals: Heals;
  attention: Attention | null;
}

/**
 * A new operation that brings back a settled order is a heal, and a day has at most `MAX_HEALS`. Once a heal is refused,
 * no new operation is sent until a person resumes the order, or a day passes without a foreign change. Null: the bound
 * does not apply.
 */
export function boundHeals(
  decision: ChargeDecision,
  order: ChargeOrder,
  cashback: ObservedCashback,
): BoundHeals | null {
  const isSettled = order.settled_revision === order.revision;
  const isNew = decision.action === 'update' && decision.repeat === null;
  const isWaiting = decision.action === 'poll' && !isSettled && isHealRefused(order);
  if (!isWaiting && !(isNew && (isSettled || order.heals > MAX_HEALS))) return null;
  const { may_heal, ...heals } = decideHeal(order, isSettled || isNewer(cashback, order));
  return { heals, attention: may_heal ? null : foreignWriter(cashback) };
}

/** Nothing of ours is open, so something else moved the cashback on. */
function isNewer({ epoch, version }: ObservedCashback, order: ChargeOrder): boolean {
  const { cashback_epoch, cashback_version } = order;
  const observed = { epoch: epoch ?? cashback_epoch, version };
  return compareVersions(observed, { epoch: cashback_epoch, version: cashback_version }) > 0;
}

function foreignWriter({ rewarded, version }: ObservedCashback): Attention {
  return {
    code: 'foreign_writer',
    reason: `something else keeps changing the cashback, which was brought back ${MAX_HEALS} times in a day`,
    details: { heals: MAX_HEALS, version, rewarded: formatAmounts(rewarded) },
  };
}
