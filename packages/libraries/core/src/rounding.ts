/** How an exact value becomes payable; `half_even` rounds a tie to the even multiple of the step. */
export const ROUNDINGS = ['down', 'half_up', 'half_even'] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** Rounds `value` to a multiple of `step`. Neither is negative, and `step` is above zero. */
export function roundToStep(value: bigint, step: bigint, rounding: Rounding): bigint {
  const steps = value / step;
  const twiceRemainder = 2n * (value % step);
  const isTie = twiceRemainder === step;
  const up = twiceRemainder > step || (isTie && (rounding === 'half_up' || steps % 2n === 1n));
  return rounding !== 'down' && up ? (steps + 1n) * step : steps * step;
}
