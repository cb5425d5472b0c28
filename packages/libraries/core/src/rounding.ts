/** How an exact value becomes a payable one: `half_even` sends a tie to the even multiple of the step. */
export const ROUNDINGS = ['down', 'half_up', 'half_even'] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** The multiple of `step` that `rounding` picks for `value`; neither is negative, and `step` is above zero. */
export function roundToStep(value: bigint, step: bigint, rounding: Rounding): bigint {
  const steps = value / step;
  const twiceTheRest = 2n * (value % step);
  const isTie = twiceTheRest === step;
  const up = twiceTheRest > step || (isTie && (rounding === 'half_up' || steps % 2n === 1n));
  return rounding !== 'down' && up ? (steps + 1n) * step : steps * step;
}
