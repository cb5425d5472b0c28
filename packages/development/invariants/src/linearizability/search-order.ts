import { isDeepStrictEqual } from 'node:util';
import type { RecordedCall, SequentialModel } from './history.ts';

/** A stretch of one key's history that no order explains: the last of `calls` cannot have its answer. */
export interface Part<State, Input, Result> {
  /** The number of explained answers before it. */
  explained: number;
  /** The newest few calls before it, in one of their possible orders. */
  before: RecordedCall<Input, Result>[];
  /** Every possible state before it; `taken` are those of `calls` that have taken effect in it. */
  starts: { state: State; taken: RecordedCall<Input, Result>[] }[];
  /** The calls that were running then and were answered later, and last the call that cannot be explained. */
  calls: RecordedCall<Input, Result>[];
  /** The number of calls that were running then and never answered. None explains it, in effect or not. */
  unanswered: number;
}

type Found<State, Input, Result> =
  | { outcome: 'order'; order: RecordedCall<Input, Result>[] }
  | { outcome: 'none'; part: Part<State, Input, Result> }
  | { outcome: 'bound'; explained: number };

const SHOWN_BEFORE = 5;

/** One possible order of the calls so far. */
interface Way<State> {
  state: State;
  /** Running calls that took effect already, ascending. */
  taken: readonly number[];
  /** All calls in the order in which they took effect, newest first. */
  trail: { call: number; before: Way<State>['trail'] } | null;
}

/**
 * Goes through the sending and answering of calls in time, and keeps every possible order of the calls so far (a way).
 * At an answer its call must have taken effect: each way tries the running calls, in any order, until that one has.
 * Ways that reach the same state with the same calls are one. The first answer that no way survives ends the shortest
 * stretch without an explanation.
 */
export function searchOrder<State, Input, Result>(
  calls: readonly RecordedCall<Input, Result>[],
  model: SequentialModel<State, Input, Result>,
  maxSteps: number,
): Found<State, Input, Result> {
  const underWay = new Set<number>();
  let ways: Way<State>[] = [{ state: model.initial, taken: [], trail: null }];
  let steps = 0;
  let explained = 0;

  /** The ways in which a call has taken effect; null when there are too many to try. */
  function waysWith(call: number): Way<State>[] | null {
    const survivors = new Map<string, Way<State>>();
    const seen = new Set<string>();
    const open = [...ways];
    for (let way = open.pop(); way !== undefined; way = open.pop()) {
      const name = nameOf(way);
      if (seen.has(name)) continue;
      seen.add(name);
      if ((steps += 1) > maxSteps) return null;
      if (way.taken.includes(call)) {
        const survivor = { ...way, taken: way.taken.filter((one) => one !== call) };
        survivors.set(nameOf(survivor), survivor);
      } else {
        for (const next of underWay) open.push(...take(way, next));
      }
    }
    return [...survivors.values()];
  }

  function take(way: Way<State>, next: number): Way<State>[] {
    const { input, answer } = calls[next] as RecordedCall<Input, Result>;
    if (way.taken.includes(next)) return [];
    const { state, result } = model.apply(way.state, input);
    if (answer !== null && !isDeepStrictEqual(result, answer.result)) return [];
    // A call that got no answer and changes nothing explains nothing.
    if (answer === null && isDeepStrictEqual(state, way.state)) return [];
    const taken = [...way.taken, next].sort((left, right) => left - right);
    return [{ state, taken, trail: { call: next, before: way.trail } }];
  }

  for (const { call, departs } of momentsOf(calls)) {
    if (departs) {
      underWay.add(call);
      continue;
    }
    const survivors = waysWith(call);
    if (survivors === null) return { outcome: 'bound', explained };
    if (survivors.length === 0) {
      return { outcome: 'none', part: partOf(calls, { call, underWay, ways, explained }) };
    }
    ways = survivors;
    underWay.delete(call);
    explained += 1;
  }
  return { outcome: 'order', order: orderOf(calls, ways[0]) };
}

/** Sendings and answers by time. At the same moment sendings come first, as the calls may have overlapped. */
function momentsOf(calls: readonly RecordedCall<unknown, unknown>[]): { call: number; departs: boolean }[] {
  return calls
    .flatMap(({ invoked_at, answer }, call) => [
      { at: invoked_at, call, departs: true },
      ...(answer === null ? [] : [{ at: answer.returned_at, call, departs: false }]),
    ])
    .sort((left, right) => left.at - right.at || Number(right.departs) - Number(left.departs));
}

function nameOf({ state, taken }: Way<unknown>): string {
  return `${taken.join()} ${JSON.stringify(state)}`;
}

function orderOf<Call>(calls: readonly Call[], way: Way<unknown> | undefined): Call[] {
  const order: Call[] = [];
  for (let step = way?.trail ?? null; step !== null; step = step.before) order.push(calls[step.call] as Call);
  return order.toReversed();
}

function partOf<State, Input, Result>(
  calls: readonly RecordedCall<Input, Result>[],
  found: { call: number; underWay: ReadonlySet<number>; ways: readonly Way<State>[]; explained: number },
): Part<State, Input, Result> {
  const { call, underWay, ways, explained } = found;
  const answered = [...underWay].filter((one) => calls[one]?.answer !== null && one !== call);
  const shown = [...answered, call];
  const starts = new Map<string, Way<State>>();
  for (const way of ways) {
    const start = { ...way, taken: way.taken.filter((one) => shown.includes(one)) };
    starts.set(nameOf(start), start);
  }
  const callsOf = (numbers: readonly number[]) =>
    numbers.map((one) => calls[one] as RecordedCall<Input, Result>);
  return {
    explained,
    before: orderOf(calls, ways[0]).slice(-SHOWN_BEFORE),
    starts: [...starts.values()].map(({ state, taken }) => ({ state, taken: callsOf(taken) })),
    calls: callsOf(shown),
    unanswered: underWay.size - shown.length,
  };
}
