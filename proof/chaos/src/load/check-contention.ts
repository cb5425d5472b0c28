import type { Violation } from '@cashback/invariants';
import { type RecordedCall, checkLinearizable } from '@cashback/invariants/linearizability';
import {
  type ModelInput,
  type ModelResult,
  type ModelView,
  NO_ORDER,
  modelView,
  registerModel,
} from '@cashback/register-model';

/** A call of a client about a contended order. */
export type ContendedCall = RecordedCall<ModelInput, ModelResult | ModelView>;

/** A linearizable history shows its order within thousands of steps; one without answers has millions of orders. */
const MAX_STEPS = 50_000;

/**
 * Invariants 2 and 3, by the answers that callers got: with each order's state at rest as its last call, some order of
 * its calls explains every answer. A lost register that was acknowledged has no such order. `undecided` are histories
 * with too many orders to try.
 * Nothing explains the answers about orders of which a restore made the server forget some: `forgotten`.
 */
export function checkContention(
  calls: readonly ContendedCall[],
  atRest: ReadonlyMap<string, ModelView>,
  forgotten: ReadonlySet<string> = new Set(),
): { violations: Violation[]; undecided: string[] } {
  const violations: Violation[] = [];
  const undecided: string[] = [];
  for (const [order_id, ofOrder] of Map.groupBy(calls, ({ key }) => key)) {
    if (forgotten.has(order_id)) continue;
    const stored = atRest.get(order_id) ?? modelView(NO_ORDER);
    const ended = Math.max(...ofOrder.map(({ invoked_at, answer }) => answer?.returned_at ?? invoked_at));
    const last: ContendedCall = {
      key: order_id,
      input: 'order',
      invoked_at: ended + 1,
      answer: { returned_at: ended + 2, result: stored },
    };
    const verdict = checkLinearizable([...ofOrder, last], registerModel, { max_steps: MAX_STEPS });
    if (verdict.outcome === 'linearizable') continue;
    if (verdict.outcome === 'undecided') {
      undecided.push(verdict.report);
      continue;
    }
    const newest = Math.max(0, ...ofOrder.map(registeredRevision));
    violations.push({ invariant: stored.revision < newest ? 2 : 3, order_id, detail: verdict.report });
  }
  return { violations, undecided };
}

/** 0 for a call that registered nothing, or has no answer. */
export function registeredRevision({ answer }: ContendedCall): number {
  const result = answer?.result;
  return result !== undefined && 'answer' in result && result.answer === 'registered'
    ? (result.revision ?? 0)
    : 0;
}
