import type { Spread } from '../measure/statistics.ts';

const missing = '-';

/** A whole number from 100, below that one or two decimal places; `-` when unknown. */
export function figure(value: number | null): string {
  if (value === null || Number.isNaN(value)) return missing;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `median (min..max)`. */
export function spread(value: Spread | null): string {
  return value === null ? missing : `${figure(value.median)} (${figure(value.min)}..${figure(value.max)})`;
}

export function middle(value: Spread | null): string {
  return figure(value?.median ?? null);
}
