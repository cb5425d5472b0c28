/**
 * Money is an integer count of ten-thousandths (scale 4) inside and a decimal string outside.
 * It is never a floating point number: `0.1 + 0.2` is not `0.3` there.
 */
export type Amount = bigint;

/** Digits after the point of every amount. */
export const AMOUNT_SCALE = 4;
const UNIT = 10_000n;

/** The largest amount the wire takes: `999999999999.9999`. */
export const MAX_AMOUNT: Amount = 9_999_999_999_999_999n;

/** An amount as input: no sign, no exponent, no leading zeros, at most four decimals. */
export const AMOUNT_PATTERN = /^(0|[1-9]\d{0,11})(\.\d{1,4})?$/;
/** A wallet's balance is the only sum that may carry a minus. */
export const BALANCE_PATTERN = /^-?(0|[1-9]\d{0,14})(\.\d{1,4})?$/;

/** `"100.5"` -> `1005000n`. Throws a `RangeError` that quotes a text that is not an amount. */
export function parseAmount(text: string): Amount {
  if (!AMOUNT_PATTERN.test(text)) {
    throw new RangeError(`expected an amount such as "100.0000", got ${JSON.stringify(text)}`);
  }
  return parseDecimal(text);
}

/** `"-3.5"` -> `-35000n`. Balances only. Throws a `RangeError` that quotes the text. */
export function parseBalance(text: string): Amount {
  if (!BALANCE_PATTERN.test(text)) {
    throw new RangeError(`expected a balance such as "-100.0000", got ${JSON.stringify(text)}`);
  }
  return text.startsWith('-') ? -parseDecimal(text.slice(1)) : parseDecimal(text);
}

/** `1005000n` -> `"100.5000"`: always four places; a minus only below zero. */
export function formatAmount(amount: Amount): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(AMOUNT_SCALE + 1, '0');
  const point = digits.length - AMOUNT_SCALE;
  return `${amount < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Exact sum; zero for none. */
export function sumAmounts(amounts: Iterable<Amount>): Amount {
  let sum = 0n;
  for (const amount of amounts) sum += amount;
  return sum;
}

function parseDecimal(text: string): Amount {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * UNIT + BigInt(fraction.padEnd(AMOUNT_SCALE, '0'));
}
