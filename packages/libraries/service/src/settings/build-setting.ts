import { z } from 'zod';

/** The description of one environment variable, for the person that sets it. */
export interface SettingMeta {
  description: string;
  /** Completes "expected ...". */
  expected: string;
  example: string;
  /** Only tuning knobs have one. */
  default?: string;
}

export const settingMeta = z.registry<SettingMeta>();

export type Reading<T> = { value: T } | { problems: string[] };

/** Every builder's schema reads a string and, when it cannot, says all that is wrong in whole sentences. */
export function buildSetting<T>(meta: SettingMeta, read: (text: string) => Reading<T>): z.ZodType<T> {
  return z
    .string({ error: `expected ${meta.expected}, got nothing` })
    .transform((text, context): T => {
      const reading = read(text);
      if ('value' in reading) return reading.value;
      for (const message of reading.problems) context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .register(settingMeta, meta);
}

/** As `buildSetting`, for the knobs that have a default. */
export function buildKnob<T extends string | number>(
  meta: SettingMeta,
  read: (text: string) => Reading<T>,
  fallback: T | undefined,
): z.ZodType<T> {
  if (fallback === undefined) return buildSetting(meta, read);
  const schema = buildSetting({ ...meta, default: String(fallback) }, read);
  // The default stands for the schema's output, not for a text that is still to be read.
  return schema.default(fallback as z.core.util.NoUndefined<T>);
}

/** Of a password or a token; shorter ones can be guessed. */
export const MIN_SECRET_LENGTH = 16;
export const HIDDEN = 'which is not shown';

export function unexpected(meta: SettingMeta, received: string): { problems: string[] } {
  return { problems: [`expected ${meta.expected}, got ${received}`] };
}

export function quote(value: string): string {
  return JSON.stringify(value.length <= 60 ? value : `${value.slice(0, 57)}...`);
}
