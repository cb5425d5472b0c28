import { type ChargeJob, type HoldState, chargeJob } from '@cashback/cashback-db';
import type { BreakerReleaseInput, BreakerReleaseOutput, ReleaseOutcome } from '@cashback/contract';

/** What releasing held targets writes and answers. */
export interface ReleasePlan {
  /** The orders to release, and their jobs. */
  released: string[];
  jobs: ChargeJob[];
  answer: BreakerReleaseOutput;
}

/** `holds` are those of the orders that exist, under their locks. */
export function planReleases(
  orders: BreakerReleaseInput['orders'],
  holds: readonly HoldState[],
): ReleasePlan {
  const stored = new Map(holds.map((hold) => [hold.order_id, hold]));
  const decided = orders.map(({ order_id, revision }) => ({
    order_id,
    outcome: decideRelease(stored.get(order_id) ?? null, revision),
  }));
  const released = decided.filter(({ outcome }) => outcome === 'released').map(({ order_id }) => order_id);
  return { released, jobs: released.map(chargeJob), answer: { orders: decided } };
}

/** Only the revision that the caller saw is released; a newer one was decided on again. `stored` is null for no order. */
function decideRelease(stored: HoldState | null, revision: number): ReleaseOutcome {
  if (stored === null) return 'not_found';
  if (stored.revision !== revision) return 'other_revision';
  return stored.is_held ? 'released' : 'not_held';
}
