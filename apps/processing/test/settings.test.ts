import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettingsError, readSettings } from '@cashback/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../src/env.ts';
import { parseUrlTokens } from '../src/services/url-tokens.ts';

const shipped = new URL('../cashback-services.json', import.meta.url).pathname;
const yellow = {
  earning_payment_types: ['card'],
  excluded_items: ['tip', 'tolls'],
  rounding: 'half_even',
  rounding_step: '0.01',
  max_share: '1',
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashback-services-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function read(path: string) {
  return readSettings(settingsSchema, {
    DATABASE_URL: 'postgres://processing:password@127.0.0.1:5432/cashback',
    PORT: '0',
    SERVER_URL: 'https://server.example',
    SERVER_TOKEN: 'a token of the server',
    TRANSACTIONS_URL: 'https://transactions.example',
    TRANSACTIONS_TOKEN: 'a token of transactions',
    INVOICE_CALLBACK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    CASHBACK_SERVICES: path,
  });
}

/** What is said of a file with that content, without the example that follows. */
async function complaint(content: string): Promise<string> {
  const path = join(folder, 'services.json');
  await writeFile(path, content);
  return complaintOf(path).replaceAll(path, 'FILE');
}

function complaintOf(path: string): string {
  try {
    read(path);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message
      .replace(/\n +example: .*/gs, '')
      .replace('Settings are missing or wrong:\n', '')
      .trim();
  }
  return 'nothing';
}

describe('CASHBACK_SERVICES', () => {
  it('is accepted as it ships', () => {
    expect(read(shipped).cashback_services).toEqual({
      yellow: { ...yellow, url_timeout_ms: 2_000 },
      green: { ...yellow, rounding: 'down', url_timeout_ms: 2_000 },
    });
  });

  it('that cannot be read is refused with its path', () => {
    const path = join(folder, 'missing.json');
    expect(complaintOf(path)).toMatch(
      /^CASHBACK_SERVICES: expected the path of a JSON file, got ".*, which cannot be read: ENOENT/,
    );
  });

  it('that is not JSON is refused with its path and the place', async () => {
    expect(await complaint('{ "yellow": ')).toBe(
      'CASHBACK_SERVICES: FILE is not JSON: Unexpected end of JSON input',
    );
  });

  it.each<[string, unknown, string]>([
    [
      'an unknown rounding',
      { yellow: { ...yellow, rounding: 'up' } },
      'yellow.rounding: expected one of "down", "half_up", "half_even", got "up"',
    ],
    [
      'a share of two',
      { yellow: { ...yellow, max_share: '2' } },
      'yellow.max_share: expected a rate between "0" and "1" with up to 6 places, got "2"',
    ],
    [
      'a share that is a number',
      { yellow: { ...yellow, max_share: 0.1 } },
      'yellow.max_share: expected a rate as a string such as "0.05", got 0.1',
    ],
    [
      'a field that there is not',
      { yellow: { ...yellow, maximum: '1' } },
      'yellow.maximum: expected no field of this name, got "1"',
    ],
    [
      'a field that is missing',
      { yellow: { ...yellow, rounding_step: undefined } },
      'yellow.rounding_step: expected an amount as a string such as "100.0000": up to 12 digits, up to 4 decimals, no sign, got nothing',
    ],
    [
      'a step of zero',
      { yellow: { ...yellow, rounding_step: '0' } },
      'yellow.rounding_step: expected a step above zero, such as "0.01", got "0"',
    ],
    [
      'a URL that is none',
      { yellow: { ...yellow, url: 'shop.example' } },
      'yellow.url: expected an http:// or https:// URL without user and password, got "shop.example"',
    ],
    [
      'a timeout without an end',
      { yellow: { ...yellow, url: 'https://shop.example', url_timeout_ms: 0 } },
      'yellow.url_timeout_ms: expected a timeout from 50 to 30000 milliseconds, got 0',
    ],
    [
      'a payment type that cannot be one',
      { yellow: { ...yellow, earning_payment_types: ['card', 'a b'] } },
      'yellow.earning_payment_types[1]: expected 1 to 64 characters of A-Z a-z 0-9 _ . : -, got "a b"',
    ],
    [
      'a list of services',
      [yellow],
      'expected an object that maps names of services to their configs, got [{"earning_payment_types":["card"],"excluded_items":["tip...',
    ],
  ])('with %s is refused, with the place and the reason', async (_, content, expected) => {
    expect(await complaint(JSON.stringify(content))).toBe(`CASHBACK_SERVICES: FILE: ${expected}`);
  });
});

describe('SERVICE_URL_TOKENS', () => {
  it('gives each service its token', () => {
    expect(parseUrlTokens('yellow=token-of-16-chars,green=dG9rZW4gaW4gYmFzZTY0==')).toEqual({
      yellow: 'token-of-16-chars',
      green: 'dG9rZW4gaW4gYmFzZTY0==',
    });
  });

  it.each([
    ['yellow', 'as entry 1, which is not shown'],
    ['yellow=token-of-16-chars,green=short', 'as entry 2, which is not shown'],
    ['yellow=token-of-16-chars,yellow=token-of-16-chars', 'got two for yellow'],
  ])('as %s is refused', (text, expected) => {
    expect(() => parseUrlTokens(text)).toThrow(expected);
  });
});
