import type { AdvanceLimits, AnsweredStep, TrustCall } from '@cashback/transactions/decisions';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { callTrust } from './call-trust.ts';
import { claimStep, loadUnfinished, writeAdvance } from './write-rows.ts';

const LIMITS: AdvanceLimits = { poll_base_ms: 500, poll_max_ms: 30_000, call_timeout_ms: 5_000 };
/** Without jitter, so that a run repeats itself. */
const MOST = (): number => 1;

/** `cashback_operation`: one step after the other, until Trust has to be waited for. */
export function* advanceJob(world: World, operationId: string): Flow<void> {
  const { answeredStep, needsClaim } = world.decisions.transactions;
  let next = yield* advance(world, operationId, null);
  while (next.call !== null) {
    const { call, attempt } = next;
    if (needsClaim(call) && attempt === null) return;
    const answer = yield* callTrust(world, call);
    next = yield* advance(world, operationId, answeredStep(call, attempt, answer));
  }
}

/** The claim of the step that is sent next is in the same transaction here. */
function* advance(
  world: World,
  operationId: string,
  answered: AnsweredStep | null,
): Flow<{ call: TrustCall | null; attempt: number | null }> {
  return yield* atomically(`advance ${operationId}`, () => {
    const { advanceOperation, needsClaim } = world.decisions.transactions;
    const operation = loadUnfinished(world, operationId);
    if (operation === null) return { call: null, attempt: null };
    const writes = advanceOperation(operation, answered, LIMITS, MOST);
    writeAdvance(world, writes);
    const { call } = writes;
    return { call, attempt: call !== null && needsClaim(call) ? claimStep(world, call) : null };
  });
}
