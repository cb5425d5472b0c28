import { describePart } from './describe-part.ts';
import type { RecordedCall, SequentialModel } from './history.ts';
import { type Part, searchOrder } from './search-order.ts';

/**
 * - `linearizable`: each key has an order of its calls that explains every answer. A call without an answer may be
 *   missing there, which says that it never took effect;
 * - `not_linearizable`: a key has none; `part` is the shortest stretch that rules them all out;
 * - `undecided`: the search met its bound first.
 */
export type Verdict<State, Input, Result> =
  | { outcome: 'linearizable'; orders: Map<string, RecordedCall<Input, Result>[]> }
  | { outcome: 'not_linearizable'; key: string; part: Part<State, Input, Result>; report: string }
  | { outcome: 'undecided'; key: string; report: string };

const DEFAULT_MAX_STEPS = 1_000_000;

/**
 * Whether the answers of a history could have come from calls made one after another, each at a moment between its
 * sending and its answer. Every key is searched by itself, with at most `max_steps` steps.
 */
export function checkLinearizable<State, Input, Result>(
  calls: readonly RecordedCall<Input, Result>[],
  model: SequentialModel<State, Input, Result>,
  { max_steps = DEFAULT_MAX_STEPS }: { max_steps?: number } = {},
): Verdict<State, Input, Result> {
  const orders = new Map<string, RecordedCall<Input, Result>[]>();
  let undecided: Verdict<State, Input, Result> | null = null;
  let worst: { key: string; part: Part<State, Input, Result> } | null = null;
  for (const [key, ofKey] of Map.groupBy(calls, (call) => call.key)) {
    const found = searchOrder(ofKey, model, max_steps);
    if (found.outcome === 'order') orders.set(key, found.order);
    else if (found.outcome === 'bound') {
      const report = `${key}: undecided after ${max_steps} steps, at call ${found.explained + 1} of ${ofKey.length}`;
      undecided ??= { outcome: 'undecided', key, report };
    } else if (worst === null || found.part.calls.length < worst.part.calls.length) {
      worst = { key, part: found.part };
    }
  }
  if (worst !== null) return { outcome: 'not_linearizable', ...worst, report: describePart(worst, model) };
  return undecided ?? { outcome: 'linearizable', orders };
}
