import type { AuditPlan } from '@cashback/core';
import type { AttemptLimits, Hint, StepFailures } from '@cashback/processing/decisions';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { runAttempt } from './run-attempt.ts';
import { loadChange, loadChanges, writeChange } from './write-changes.ts';

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

/** The callback of a changed invoice, and a request to compare an order again. */
export function* noteChange(world: World, hint: Hint): Flow<true> {
  return yield* atomically(`note a change of ${hint.order_id}`, () => {
    noteHints(world, [hint]);
    return true;
  });
}

export function noteHints(world: World, hints: readonly Hint[]): void {
  const writes = world.decisions.processing.noteHints(hints, loadChanges(world));
  for (const one of writes) writeChange(world, one);
}

/** `universal_cashback_processing` */
export function* processJob(world: World, orderId: string): Flow<void> {
  const { isUnfinished, outcomeWrites } = world.decisions.processing;
  const change = yield* atomically(`load the change of ${orderId}`, () => loadChange(world, orderId));
  if (change === null || !isUnfinished(change)) return;
  const end = yield* runAttempt(world, change, failuresOf(world));
  yield* atomically(`record the outcome of ${orderId}`, () => {
    const stored = loadChange(world, orderId);
    if (stored === null) throw new Error(`change ${orderId} is not there`);
    writeChange(world, outcomeWrites(stored, { change, ...end }, LIMITS, MOST));
  });
}

/** What a process has in memory; a second one shares it here. */
function failuresOf(world: World): StepFailures {
  const { engine, decisions } = world;
  const life = engine.life('processing');
  if (world.step_failures?.life !== life) {
    const failures = decisions.processing.createStepFailures({ ...LIMITS, now: () => engine.now() });
    world.step_failures = { life, failures };
  }
  return world.step_failures.failures;
}
