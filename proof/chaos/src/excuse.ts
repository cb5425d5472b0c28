import type { Violation } from '@cashback/invariants';
import type { Interventions, Restore, Side } from './interventions.ts';

/** Without what a fault did past the system's own senders, and what a restore made the tables forget. */
export function excuse(violations: readonly Violation[], { foreign, restores }: Interventions): Violation[] {
  const forgotten = forgottenBy(restores);
  const restated = ordersOf(restores, 'trust');
  return violations.filter(({ invariant, order_id, detail }) => {
    // The worker has no intent of an operation that another caller sent.
    const isForeign = [...foreign].some(([id, of]) => of === order_id && detail.includes(id));
    if (invariant === 7 && isForeign) return false;
    // Trust's log has them as they were stated again: all baskets of an order, and then the refunds between them.
    if (invariant === 8 && restated.has(order_id)) return false;
    // The server forgot intents, and targets that were rewarded. At rest the newest target is rewarded all the same.
    return !((invariant === 7 || invariant === 8) && forgotten.has(order_id));
  });
}

/** Orders of which the server forgot something. */
export function forgottenBy(restores: readonly Restore[]): Set<string> {
  return ordersOf(restores, 'server');
}

function ordersOf(restores: readonly Restore[], of: Side): Set<string> {
  return new Set(restores.flatMap(({ side, orders }) => (side === of ? [...orders] : [])));
}
