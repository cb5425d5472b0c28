import type { z } from 'zod';
import { type Reading, buildSetting, quote, unexpected } from './build-setting.ts';
import { parseWholeNumber } from './whole-number.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_DURATIONS = 20;

interface DurationsOptions {
  description: string;
  default: string;
  /** Of each of them. */
  max_ms: number;
}

/** A list of durations, such as `1m,1h,1d`; read as milliseconds. */
export function durations({
  description,
  default: fallback,
  max_ms,
}: DurationsOptions): z.ZodType<readonly number[]> {
  const expected = `1 to ${MAX_DURATIONS} durations from 1ms to ${Math.floor(max_ms / UNITS.d)}d, separated by commas, each a whole number with ms, s, m, h or d`;
  const meta = { description, example: fallback, default: fallback, expected };
  const read = (text: string): Reading<readonly number[]> => {
    const values = text.split(',').map((entry) => parseDuration(entry, max_ms));
    const known = values.filter((value) => value !== null);
    const isList = known.length === values.length && values.length <= MAX_DURATIONS;
    return isList ? { value: known } : unexpected(meta, quote(text));
  };
  const standard = read(fallback);
  if (!('value' in standard)) throw new Error(`${fallback} is no list of durations`);
  return buildSetting(meta, read).default(standard.value);
}

/** Null: no duration from 1 ms to the bound. */
function parseDuration(text: string, max_ms: number): number | null {
  const [, number = '', unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  if (unit === undefined) return null;
  const unit_ms = UNITS[unit as keyof typeof UNITS];
  const value = parseWholeNumber(number, 1, Math.floor(max_ms / unit_ms));
  return value === null ? null : value * unit_ms;
}
