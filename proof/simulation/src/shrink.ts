import { listedChoices } from './engine/choices.ts';
import { type Outcome, type SimulationOptions, simulate } from './simulate.ts';

const MAX_RUNS = 3_000;

/**
 * The plainest choices that still end in a violation of the same invariant. Stretches are left out and choices made
 * plain, as long as the run still fails.
 */
export function shrink(
  made: readonly number[],
  violated: Outcome,
  options: Omit<SimulationOptions, 'trace'> = {},
): number[] {
  const expected = violated.violation?.invariant;
  let best = trimmed(made);
  let runs = 0;

  function fails(list: readonly number[]): boolean {
    runs += 1;
    const { violation } = simulate(listedChoices(list), options);
    return violation !== null && violation.invariant === expected;
  }
  function tries(list: readonly number[]): boolean {
    if (runs >= MAX_RUNS || !fails(list)) return false;
    best = trimmed(list);
    return true;
  }

  for (let before = -1; before !== cost(best);) {
    before = cost(best);
    for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < best.length; from += size) {
        const plain = best.map((choice, index) => (index >= from && index < from + size ? 0 : choice));
        if (cost(plain) < cost(best)) tries(plain);
        while (from < best.length && tries(best.toSpliced(from, size)));
      }
    }
  }
  return best;
}

/** A list goes on with plain choices, so a plain end is left out. */
function trimmed(list: readonly number[]): number[] {
  return list.slice(0, list.findLastIndex((choice) => choice !== 0) + 1);
}

function cost(list: readonly number[]): number {
  return list.length + list.filter((choice) => choice !== 0).length * 2;
}
