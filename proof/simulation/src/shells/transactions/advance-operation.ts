import type { AdvanceLimits, AnsweredStep, StepAnswer, TrustCall } from '@cashback/transactions/decisions';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { callTrust } from './call-trust.ts';
import { loadUnfinished, writeAdvance } from './write-rows.ts';

const LIMITS: AdvanceLimits = { poll_base_ms: 500, poll_max_ms: 30_000, call_timeout_ms: 5_000 };
/** Without jitter, so that a run repeats itself. */
const MOST = (): number => 1;

/** `cashback_operation`: one step after the other, until Trust has to be waited for. */
export function* advanceJob(world: World, operationId: string): Flow<void> {
  let answered: AnsweredStep | null = null;
  for (;;) {
    const call: TrustCall | null = yield* advance(world, operationId, answered);
    if (call === null) return;
    const answer: StepAnswer = yield* callTrust(world, call);
    answered = { step_number: call.step.step_number, answer };
  }
}

function* advance(world: World, operationId: string, answered: AnsweredStep | null): Flow<TrustCall | null> {
  return yield* atomically(`advance ${operationId}`, () => {
    const operation = loadUnfinished(world, operationId);
    if (operation === null) return null;
    const writes = world.decisions.transactions.advanceOperation(operation, answered, LIMITS, MOST);
    writeAdvance(world, writes);
    return writes.call;
  });
}
