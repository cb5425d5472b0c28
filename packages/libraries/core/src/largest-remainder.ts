/**
 * Splits `whole` in proportion to `weights` so that the parts sum to exactly `whole`: each part is its exact share
 * rounded down, and each unit that remains goes to one of the largest remainders, ties to the lower index. A part differs
 * from its exact share by less than a unit, and weight zero gets nothing. Throws a `RangeError` for a negative number,
 * and for weights that are all zero while `whole` is not.
 */
export function splitByLargestRemainder(whole: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (whole < 0n || weights.some((weight) => weight < 0n)) {
    throw new RangeError(`expected nothing below zero, got ${whole} to split by [${weights.join(', ')}]`);
  }
  if (whole === 0n) return weights.map(() => 0n);
  if (total === 0n) throw new RangeError(`expected a weight above zero to split ${whole} by, got none`);

  const parts = weights.map((weight) => (whole * weight) / total);
  const left = whole - parts.reduce((sum, part) => sum + part, 0n);
  // The sort is stable, so ties keep the order of their index.
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (whole * weight) % total }))
    .toSorted((one, other) => Number(other.remainder - one.remainder));
  // The remainders sum to `left` times the total and each is below the total, so at least `left` are above zero.
  for (const { index } of byRemainder.slice(0, Number(left))) parts[index] = (parts[index] ?? 0n) + 1n;
  return parts;
}
