import type { Violation } from '@cashback/invariants';
import type { Interventions, Restore } from './interventions.ts';

/** Without what a fault did past the system's own senders, and what a restore made the tables forget. */
export function excuse(violations: readonly Violation[], { foreign, restores }: Interventions): Violation[] {
  const forgotten = forgottenBy(restores);
  return violations.filter(({ invariant, order_id, detail }) => {
    // The worker has no intent of an operation that another caller sent.
    const isForeign = [...foreign].some(([id, of]) => of === order_id && detail.includes(id));
    if (invariant === 7 && isForeign) return false;
    // The server forgot intents, and targets that were rewarded. At rest the newest target is rewarded all the same.
    return !((invariant === 7 || invariant === 8) && forgotten.has(order_id));
  });
}

/** Orders of which the server forgot something. */
export function forgottenBy(restores: readonly Restore[]): Set<string> {
  return new Set(restores.flatMap(({ side, orders }) => (side === 'server' ? [...orders] : [])));
}
