import { type Amount, formatAmount, parseAmount } from './amount.ts';

/** Who funds cashback: the customer's own subscription (`user`) or the shop (`service`). */
export const SOURCES = ['user', 'service'] as const;
export type Source = (typeof SOURCES)[number];

/** Amounts by source; a source that is absent is zero. */
export type AmountsBySource = Partial<Record<Source, Amount>>;

export function amountOf(amounts: AmountsBySource, source: Source): Amount {
  return amounts[source] ?? 0n;
}

export function equalAmounts(left: AmountsBySource, right: AmountsBySource): boolean {
  return SOURCES.every((source) => amountOf(left, source) === amountOf(right, source));
}

export function totalOf(amounts: AmountsBySource): Amount {
  return SOURCES.reduce((sum, source) => sum + amountOf(amounts, source), 0n);
}

/** `[{ source, value }]` of the wire -> amounts by source. The shapes make sure that a source appears once. */
export function parseValues(values: readonly { source: Source; value: string }[]): AmountsBySource {
  return Object.fromEntries(values.map(({ source, value }) => [source, parseAmount(value)]));
}

/** `[{ source, amount }]` of the wire -> amounts by source. */
export function parseAmounts(amounts: readonly { source: Source; amount: string }[]): AmountsBySource {
  return Object.fromEntries(amounts.map(({ source, amount }) => [source, parseAmount(amount)]));
}

/** AmountsBySource -> `[{ source, value }]`, one entry for each source it names, in the order of `SOURCES`. */
export function formatValues(amounts: AmountsBySource): { source: Source; value: string }[] {
  return SOURCES.filter((source) => amounts[source] !== undefined).map((source) => ({
    source,
    value: formatAmount(amountOf(amounts, source)),
  }));
}

/** AmountsBySource -> `[{ source, amount }]`, one entry for each source it names, in the order of `SOURCES`. */
export function formatAmounts(amounts: AmountsBySource): { source: Source; amount: string }[] {
  return formatValues(amounts).map(({ source, value }) => ({ source, amount: value }));
}
