import type { z } from 'zod';
import {
  HIDDEN,
  MIN_SECRET_LENGTH,
  type Reading,
  buildKnob,
  buildSetting,
  quote,
  unexpected,
} from './build-setting.ts';
import { durations } from './durations.ts';
import { json, jsonFile, tokens } from './json-settings.ts';
import { parseWholeNumber } from './whole-number.ts';

/** An http(s) address; read without its trailing slash. */
function url(description: string, example: string): z.ZodType<string> {
  const meta = { description, example, expected: 'an http:// or https:// URL without user and password' };
  return buildSetting(meta, (text) => {
    const parsed = URL.parse(text);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) return unexpected(meta, quote(text));
    if (parsed.username !== '' || parsed.password !== '')
      return unexpected(meta, `a URL with them, ${HIDDEN}`);
    return { value: text.replace(/\/+$/, '') };
  });
}

function databaseUrl(
  description = 'The Postgres database, with the role of this app',
  example = 'postgres://app:password@127.0.0.1:5432/cashback',
): z.ZodType<string> {
  const meta = { description, example, expected: 'a postgres:// URL that names a host and a database' };
  return buildSetting(meta, (text) => {
    const parsed = URL.parse(text);
    return parsed !== null && namesDatabase(parsed)
      ? { value: text }
      : unexpected(meta, `a text of ${text.length} characters, ${HIDDEN}`);
  });
}

/** Behind the host there is no `@`, unless the password holds a character that ended the host too early. */
function namesDatabase({ protocol, hostname, pathname, search, hash }: URL): boolean {
  if (!/^postgres(ql)?:$/.test(protocol) || hostname === '' || pathname.length < 2) return false;
  return !`${pathname}${search}${hash}`.includes('@');
}

function port(description: string, example: string): z.ZodType<number> {
  return integer({ min: 0, max: 65_535, description, example });
}

function text(description: string, example: string): z.ZodType<string> {
  return buildSetting({ description, example, expected: 'a text' }, (value) => ({ value }));
}

/** A password or a token of ours; never printed. */
function secret(description: string, example = '<random text>'): z.ZodType<string> {
  const meta = { description, example, expected: `a secret of at least ${MIN_SECRET_LENGTH} characters` };
  return buildSetting(meta, (value) =>
    value.length >= MIN_SECRET_LENGTH ? { value } : unexpected(meta, `${value.length} characters`),
  );
}

/**
 * Secret of Standard Webhooks. During a rotation several stand side by side, separated by a space: callbacks are
 * signed with each of them and accepted when any of them fits.
 */
function signingSecret(
  description: string,
  example = 'whsec_<base64 of 32 random bytes>',
): z.ZodType<string> {
  const meta = { description, example, expected: 'whsec_ followed by the base64 of 24 to 64 random bytes' };
  return buildSetting(meta, (value) => {
    const wrong = value.split(' ').some((one) => {
      const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(one) ?? [];
      const bytes = base64 === undefined ? Buffer.alloc(0) : Buffer.from(base64, 'base64');
      return bytes.length < 24 || bytes.length > 64 || bytes.toString('base64') !== base64;
    });
    return wrong ? unexpected(meta, `a text of ${value.length} characters, ${HIDDEN}`) : { value };
  });
}

interface IntegerOptions {
  min: number;
  max: number;
  description: string;
  default?: number;
  example?: string;
}

function integer(options: IntegerOptions): z.ZodType<number> {
  const { min, max, description } = options;
  const example = options.example ?? String(options.default ?? min);
  const meta = { description, example, expected: `a whole number from ${min} to ${max}` };
  const read = (value: string): Reading<number> => {
    const number = parseWholeNumber(value, min, max);
    return number === null ? unexpected(meta, quote(value)) : { value: number };
  };
  return buildKnob(meta, read, options.default);
}

interface ChoiceOptions<T extends string> {
  description: string;
  default?: T;
}

function choice<const T extends string>(
  values: readonly [T, ...T[]],
  options: ChoiceOptions<T>,
): z.ZodType<T> {
  const { description } = options;
  const meta = {
    description,
    example: options.default ?? values[0],
    expected: `one of ${values.join(', ')}`,
  };
  const read = (value: string): Reading<T> => {
    const found = values.find((one) => one === value);
    return found === undefined ? unexpected(meta, quote(value)) : { value: found };
  };
  return buildKnob(meta, read, options.default);
}

/** Builders of the settings that an app reads from its environment. */
export const setting = {
  url,
  databaseUrl,
  port,
  text,
  secret,
  signingSecret,
  integer,
  durations,
  choice,
  tokens,
  json,
  jsonFile,
};
