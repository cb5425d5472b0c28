import type { AuditPlan } from '@cashback/core';
import type { AttemptLimits, Hint } from '@cashback/processing/decisions';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { runAttempt } from './run-attempt.ts';
import { loadChange, writeChange } from './write-changes.ts';

const LIMITS: AttemptLimits & AuditPlan = {
  retry_base_ms: 2_000,
  retry_max_ms: 60_000,
  attention_after_ms: 600_000,
  attention_retry_max_ms: 600_000,
  audit_distances: [60_000, 600_000],
  audit_end_ms: 3_600_000,
};
/** Without jitter, so that a run repeats itself. */
const MOST = (): number => 1;

/** The callback of a changed invoice, and the feed that makes up for a lost one. */
export function* noteChange(world: World, hint: Hint): Flow<true> {
  const { order_id } = hint;
  return yield* atomically(`note a change of ${order_id}`, () => {
    writeChange(world, world.decisions.processing.noteChange(loadChange(world, order_id), hint));
    return true;
  });
}

/** `universal_cashback_processing` */
export function* processJob(world: World, orderId: string): Flow<void> {
  const change = yield* atomically(`load the change of ${orderId}`, () => loadChange(world, orderId));
  if (change === null || !world.decisions.processing.isUnfinished(change)) return;
  const { outcome, answers } = yield* runAttempt(world, change);
  yield* atomically(`record the outcome of ${orderId}`, () => {
    const { decideNextAttempt, recordAttempt } = world.decisions.processing;
    const stored = loadChange(world, orderId);
    if (stored === null) throw new Error(`change ${orderId} is not there`);
    const next = decideNextAttempt(change, outcome, LIMITS, MOST);
    writeChange(world, recordAttempt(stored, next, answers, LIMITS));
  });
}
