import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { HIDDEN, MIN_SECRET_LENGTH, type Reading, buildSetting, quote, unexpected } from './build-setting.ts';
import { describeIssues } from './describe-issues.ts';
import type { AcceptedToken } from '../http/tokens.ts';

const acceptedTokensSchema = z
  .array(
    z.strictObject({
      caller: z.string().min(1, 'the name of the caller'),
      token: z.string().min(MIN_SECRET_LENGTH, `a token of at least ${MIN_SECRET_LENGTH} characters`),
      scopes: z.array(z.string().min(1, 'the name of a scope')).min(1, 'at least one scope'),
    }),
  )
  .min(1, 'at least one caller');

/** The bearer tokens that this app accepts, and what each may do. */
export function tokens(
  description = 'Bearer tokens that are accepted here: the caller that has each, and the scopes they give',
  example = '[{"caller":"processing","token":"<random text>","scopes":["register","rates"]}]',
): z.ZodType<readonly AcceptedToken[]> {
  const meta = { description, example, expected: 'a JSON list of { caller, token, scopes }' };
  return buildSetting(meta, (value): Reading<readonly AcceptedToken[]> => {
    const json = parseJson(value);
    if ('problems' in json) return unexpected(meta, `a text that is not JSON, ${HIDDEN}`);
    const parsed = acceptedTokensSchema.safeParse(json.value);
    if (!parsed.success) {
      const issues = describeIssues(parsed.error, json.value);
      return { problems: issues.map(({ path, expected }) => `${path || 'the list'}: expected ${expected}`) };
    }
    const repeated = parsed.data.findIndex(
      (one, at) => parsed.data.findIndex((other) => other.token === one.token) < at,
    );
    if (repeated >= 0)
      return { problems: [`[${repeated}].token: expected a token of its own, got one given above`] };
    return { value: parsed.data };
  });
}

interface JsonOptions {
  description: string;
  expected: string;
  example: string;
  /** JSON, too. */
  default: string;
}

/** JSON in the variable itself, for what is too little for a file. */
export function json<S extends z.ZodType>(schema: S, options: JsonOptions): z.ZodType<z.output<S>> {
  const read = (value: string): Reading<z.output<S>> => {
    const parsed = parseJson(value);
    if ('problems' in parsed) return unexpected(options, quote(value));
    const checked = schema.safeParse(parsed.value);
    if (checked.success) return { value: checked.data };
    return { problems: describeIssues(checked.error, parsed.value).map(({ message }) => message) };
  };
  const fallback = schema.parse(JSON.parse(options.default));
  return buildSetting(options, read).default(fallback as z.core.util.NoUndefined<z.output<S>>);
}

/** A path to a JSON file, which is read and checked at start. */
export function jsonFile<S extends z.ZodType>(
  schema: S,
  description = 'A JSON file',
  example = './config.json',
): z.ZodType<z.output<S>> {
  const meta = { description, example, expected: 'the path of a JSON file' };
  return buildSetting(meta, (path): Reading<z.output<S>> => {
    let content: string;
    try {
      content = readFileSync(path, 'utf8');
    } catch (error) {
      return unexpected(meta, `${quote(path)}, which cannot be read: ${reasonOf(error)}`);
    }
    const json = parseJson(content);
    if ('problems' in json) return { problems: [`${path} is not JSON: ${json.problems.join(', ')}`] };
    const parsed = schema.safeParse(json.value);
    if (parsed.success) return { value: parsed.data };
    return { problems: describeIssues(parsed.error, json.value).map(({ message }) => `${path}: ${message}`) };
  });
}

function parseJson(content: string): Reading<unknown> {
  try {
    return { value: JSON.parse(content) as unknown };
  } catch (error) {
    return { problems: [reasonOf(error)] };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
