import { type Amount, formatAmount, parseAmount } from './amount.ts';

/** The funder of cashback: the customer's own subscription (`user`) or the shop (`service`). */
export const SOURCES = ['user', 'service'] as const;
export type Source = (typeof SOURCES)[number];

/** Amounts by source; an absent source is zero. */
export type AmountsBySource = Partial<Record<Source, Amount>>;

export function amountOf(amounts: AmountsBySource, source: Source): Amount {
  return amounts[source] ?? 0n;
}

/**
 * The sources of these amounts: those of `SOURCES` in their order, then any that a newer release wrote and this one does
 * not know. They count like the others, so that nothing is compared or summed without them.
 */
export function sourcesOf(...amounts: readonly AmountsBySource[]): Source[] {
  const present = new Set(amounts.flatMap((one) => Object.keys(one)));
  const known = SOURCES.filter((source) => present.delete(source));
  return [...known, ...([...present].toSorted() as Source[])];
}

/** False for a source that only a newer release knows. */
export function isSource(source: string): source is Source {
  return SOURCES.some((known) => known === source);
}

export function equalAmounts(left: AmountsBySource, right: AmountsBySource): boolean {
  return sourcesOf(left, right).every((source) => amountOf(left, source) === amountOf(right, source));
}

export function totalOf(amounts: AmountsBySource): Amount {
  return sourcesOf(amounts).reduce((sum, source) => sum + amountOf(amounts, source), 0n);
}

/** `[{ source, value }]` of the wire -> amounts by source. The shapes guarantee that a source appears once. */
export function parseValues(values: readonly { source: Source; value: string }[]): AmountsBySource {
  return Object.fromEntries(values.map(({ source, value }) => [source, parseAmount(value)]));
}

/** `[{ source, amount }]` of the wire -> amounts by source. */
export function parseAmounts(amounts: readonly { source: Source; amount: string }[]): AmountsBySource {
  return Object.fromEntries(amounts.map(({ source, amount }) => [source, parseAmount(amount)]));
}

/** Amounts by source -> `[{ source, value }]`: one entry for each source that is present, in the order of `sourcesOf`. */
export function formatValues(amounts: AmountsBySource): { source: Source; value: string }[] {
  return sourcesOf(amounts)
    .filter((source) => amounts[source] !== undefined)
    .map((source) => ({ source, value: formatAmount(amountOf(amounts, source)) }));
}

/** Amounts by source -> `[{ source, amount }]`: one entry for each source that is present, in the order of `sourcesOf`. */
export function formatAmounts(amounts: AmountsBySource): { source: Source; amount: string }[] {
  return formatValues(amounts).map(({ source, value }) => ({ source, amount: value }));
}
