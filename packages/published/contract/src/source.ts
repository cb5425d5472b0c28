import { type Amount, formatAmount, parseAmount } from './amount.ts';

/** Who funds cashback: the customer's own subscription (`user`) or the shop (`service`). */
export const SOURCES = ['user', 'service'] as const;
export type Source = (typeof SOURCES)[number];

/** Amounts by source; a source that is absent is zero. */
export type Vector = Partial<Record<Source, Amount>>;

export function amountOf(vector: Vector, source: Source): Amount {
  return vector[source] ?? 0n;
}

export function equalVectors(left: Vector, right: Vector): boolean {
  return SOURCES.every((source) => amountOf(left, source) === amountOf(right, source));
}

export function sumVector(vector: Vector): Amount {
  return SOURCES.reduce((sum, source) => sum + amountOf(vector, source), 0n);
}

/** `[{ source, value }]` of the wire -> vector. Sources are unique there, the shapes see to it. */
export function vectorOfValues(values: readonly { source: Source; value: string }[]): Vector {
  return Object.fromEntries(values.map(({ source, value }) => [source, parseAmount(value)]));
}

/** `[{ source, amount }]` of the wire -> vector. */
export function vectorOfAmounts(amounts: readonly { source: Source; amount: string }[]): Vector {
  return Object.fromEntries(amounts.map(({ source, amount }) => [source, parseAmount(amount)]));
}

/** Vector -> `[{ source, value }]`, one entry for each source it names, in the order of `SOURCES`. */
export function valuesOfVector(vector: Vector): { source: Source; value: string }[] {
  return SOURCES.filter((source) => vector[source] !== undefined).map((source) => ({
    source,
    value: formatAmount(amountOf(vector, source)),
  }));
}

/** Vector -> `[{ source, amount }]`, one entry for each source it names, in the order of `SOURCES`. */
export function amountsOfVector(vector: Vector): { source: Source; amount: string }[] {
  return valuesOfVector(vector).map(({ source, value }) => ({ source, amount: value }));
}
