import type { Spread } from '../measure/statistics.ts';

const missing = '-';

/** Whole from a hundred on, else with a digit or two behind the point; `-` for what is not known. */
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
