import { z } from 'zod';
import { describeIssues } from './describe-issues.ts';
import { type SettingMeta, settingMeta } from './build-setting.ts';

/** Settings are missing or wrong; the message lists all of them. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly expected = true;
}

/**
 * Reads `database_url` of the schema from `DATABASE_URL`, and so on; an empty variable counts as missing.
 * Throws one `SettingsError` that names every variable that is missing or wrong.
 */
export function readSettings<S extends z.ZodObject>(schema: S, env: NodeJS.ProcessEnv): z.output<S> {
  const input: Record<string, string | undefined> = {};
  for (const key of Object.keys(schema.shape)) {
    const value = env[variableOf(key)];
    if (value !== undefined && value !== '') input[key] = value;
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;

  const lines = parsed.error.issues.map((issue) => {
    const key = String(issue.path[0] ?? '');
    const meta = metaOf(schema.shape[key]);
    if (meta === undefined) {
      // A schema that is not of our builders does not say whether its value may be shown.
      const expected = describeIssues(new z.ZodError([issue]), {})[0]?.expected ?? issue.message;
      return key === '' ? `  ${issue.message}` : `  ${variableOf(key)}: expected ${expected}`;
    }
    return `  ${variableOf(key)}: ${issue.message}\n      example: ${variableOf(key)}=${shellQuote(meta.example)}`;
  });
  throw new SettingsError(`Settings are missing or wrong:\n${lines.join('\n')}`);
}

/** One paragraph per environment variable: whether it is required, its meaning, default and example. */
export function describeSettings(schema: z.ZodObject): string {
  const paragraphs = Object.entries(schema.shape).map(([key, member]) => {
    const meta = metaOf(member);
    const optional = z.safeParse(member, undefined).success;
    const need =
      meta?.default === undefined ? (optional ? 'optional' : 'required') : `default ${meta.default}`;
    const heading = `  ${variableOf(key)} (${need})`;
    if (meta === undefined) return heading;
    const { description, expected, example } = meta;
    return `${heading}\n      ${description}: ${expected}\n      example: ${variableOf(key)}=${shellQuote(example)}`;
  });
  return `Environment variables:\n${paragraphs.join('\n')}\n`;
}

function variableOf(key: string): string {
  return key.toUpperCase();
}

function metaOf(schema: z.core.$ZodType | undefined): SettingMeta | undefined {
  if (schema === undefined) return undefined;
  const own = settingMeta.get(schema);
  if (own !== undefined) return own;
  const inner =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? schema.unwrap() : undefined;
  return metaOf(inner);
}

function shellQuote(example: string): string {
  return /[\s"{}[\]<>]/.test(example) ? `'${example}'` : example;
}
