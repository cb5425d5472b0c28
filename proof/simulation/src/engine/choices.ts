import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * Everything that chance decides in a run, as one list of numbers. 0 is always the plainest choice: no fault, the
 * shortest delay, the shortest story. So a failing list shrinks to a short history.
 */
export interface Choices {
  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number;
  /** The choices so far. */
  readonly made: readonly number[];
}

export function seededChoices(seed: number): Choices {
  const generator = xoroshiro128plus(Math.imul(seed + 1, 0x9e37_79b1));
  const made: number[] = [];
  return {
    made,
    below(bound) {
      const choice = uniformInt(generator, 0, bound - 1);
      made.push(choice);
      return choice;
    },
  };
}

/** The choices of a list; after its end, the plainest ones. */
export function listedChoices(list: readonly number[]): Choices {
  const made: number[] = [];
  return {
    made,
    below(bound) {
      const choice = Math.min(list[made.length] ?? 0, bound - 1);
      made.push(choice);
      return choice;
    },
  };
}
