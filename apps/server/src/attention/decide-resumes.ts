import type { AttentionRow } from '@cashback/cashback-db';
import type { AttentionOrigin, ResumeOutcome } from '@cashback/contract';

export interface DecidedResume {
  order_id: string;
  /** Null when no app says that the order needs attention. */
  origin: AttentionOrigin | null;
  outcome: ResumeOutcome;
  /** What is resumed. */
  need: AttentionRow | null;
  /** False: there is nothing to do, or it was done by an earlier call. */
  is_new: boolean;
}

/** How resuming each order ends: an entry for each app that says it needs attention, or one that says none does. */
export function decideResumes(
  orderIds: readonly string[],
  { registered, needs }: { registered: ReadonlySet<string>; needs: readonly AttentionRow[] },
): DecidedResume[] {
  return orderIds.flatMap((order_id) => {
    const decided = needs.filter((need) => need.order_id === order_id).map(decideResume);
    if (decided.length > 0) return decided;
    const outcome = registered.has(order_id) ? 'not_needed' : 'not_found';
    return [{ order_id, origin: null, outcome, need: null, is_new: false }];
  });
}

function decideResume(need: AttentionRow): DecidedResume {
  const { order_id, origin } = need;
  if (origin !== 'worker') {
    return { order_id, origin, outcome: 'requested', need, is_new: !need.is_resume_requested };
  }
  // Only a release lets it go. Resumed, it would pass for released until it is observed.
  const isHeld = need.code === 'held_by_breaker';
  return { order_id, origin, outcome: isHeld ? 'held' : 'resumed', need, is_new: !isHeld };
}
