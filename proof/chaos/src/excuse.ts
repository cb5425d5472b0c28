import type { Violation } from '@cashback/invariants';
import type { Interventions } from './interventions.ts';

/** Without what a fault did past the system's own senders. */
export function excuse(violations: readonly Violation[], { foreign }: Interventions): Violation[] {
  return violations.filter(({ invariant, order_id, detail }) => {
    // The worker has no intent of an operation that another caller sent.
    const isForeign = [...foreign].some(([id, of]) => of === order_id && detail.includes(id));
    return !(invariant === 7 && isForeign);
  });
}
