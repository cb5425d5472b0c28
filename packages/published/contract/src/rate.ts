/**
 * A rate is a share in [0, 1] with up to six places; inside it is an integer count of millionths,
 * so that amount x rate is exact before the one named rounding.
 */
export type Rate = bigint;

export const RATE_SCALE = 6;
export const RATE_ONE: Rate = 1_000_000n;
export const RATE_PATTERN = /^(0(\.\d{1,6})?|1(\.0{1,6})?)$/;

/** `"0.05"` -> `50000n`. Throws a `RangeError` that quotes a text that is not a rate. */
export function parseRate(text: string): Rate {
  if (!RATE_PATTERN.test(text)) {
    throw new RangeError(
      `expected a rate between "0" and "1" with up to 6 places, got ${JSON.stringify(text)}`,
    );
  }
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * RATE_ONE + BigInt(fraction.padEnd(RATE_SCALE, '0'));
}

/** `50000n` -> `"0.05"`: the shortest text of the rate, so that equal rates have equal texts. */
export function formatRate(rate: Rate): string {
  const fraction = (rate % RATE_ONE).toString().padStart(RATE_SCALE, '0').replace(/0+$/, '');
  return fraction === '' ? `${rate / RATE_ONE}` : `${rate / RATE_ONE}.${fraction}`;
}
