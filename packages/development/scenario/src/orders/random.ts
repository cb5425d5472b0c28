import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random decisions that a seed repeats exactly. */
export interface Random {
  /** A whole number from `from` to `to`, both included. */
  integer(from: number, to: number): number;
  /** True in `percent` percent of the calls. */
  chance(percent: number): boolean;
  pick<Choice>(choices: readonly [Choice, ...Choice[]]): Choice;
}

/** Each `stream` has decisions of its own, so that one order's story does not depend on the number of orders. */
export function seededRandom(seed: number, stream: number): Random {
  const generator = xoroshiro128plus(seed ^ Math.imul(stream, 0x9e37_79b1));
  const integer = (from: number, to: number) => uniformInt(generator, from, to);
  return {
    integer,
    chance: (percent) => integer(1, 100) <= percent,
    pick: (choices) => choices[integer(0, choices.length - 1)] ?? choices[0],
  };
}
