import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SettingsError, describeSettings, readSettings, setting } from '../src/index.ts';
import { SIGNING_SECRET } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const services = z.array(
  z.strictObject({ service: z.string(), max_rate: z.number().max(1, 'a rate up to 1') }),
);

const schema = z.object({
  server_url: setting.url('Where the server is', 'https://server.example'),
  database_url: setting.databaseUrl(),
  port: setting.port('The port to listen on; 0 takes a free one', '8080'),
  shop_name: setting.text('The name of the shop', 'corner'),
  server_token: setting.secret('The token for the server'),
  callback_secret: setting.signingSecret('Signs callbacks'),
  batch_size: setting.integer({ min: 1, max: 500, default: 200, description: 'Orders in a batch' }),
  pauses: setting.durations({ description: 'Pauses', default: '1m,1h', max_ms: 86_400_000 }),
  mode: setting.choice(['live', 'dry'], { description: 'Whether money moves', default: 'live' }),
  tokens: setting.tokens(),
  colours: setting.json(z.record(z.string(), z.enum(['red', 'blue'], 'red or blue')), {
    description: 'The colour of each shop',
    expected: 'a JSON object',
    example: '{"corner":"red"}',
    default: '{"corner":"blue"}',
  }),
  services: setting.jsonFile(services, 'The services', './services.json'),
  push_url: setting.url('Where pushes go', 'https://push.example').optional(),
});

const good = {
  SERVER_URL: 'https://server.example/api/',
  DATABASE_URL: 'postgres://shop:hunter2@127.0.0.1:5432/shop',
  PORT: '4001',
  SHOP_NAME: 'corner',
  SERVER_TOKEN: 'a-token-of-the-server',
  CALLBACK_SECRET: SIGNING_SECRET,
  TOKENS: '[{"caller":"processing","token":"token-of-processing","scopes":["register"]}]',
  SERVICES: fileWith('services.json', '[{"service":"taxi","max_rate":0.5}]'),
};

function errorOf(env: NodeJS.ProcessEnv): string {
  try {
    readSettings(schema, env);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('the settings should have been refused');
}

describe('readSettings', () => {
  test('gives every setting its type, and only tuning knobs their defaults', () => {
    expect(readSettings(schema, good)).toEqual({
      server_url: 'https://server.example/api',
      database_url: good.DATABASE_URL,
      port: 4001,
      shop_name: 'corner',
      server_token: 'a-token-of-the-server',
      callback_secret: SIGNING_SECRET,
      batch_size: 200,
      pauses: [60_000, 3_600_000],
      mode: 'live',
      colours: { corner: 'blue' },
      tokens: [{ caller: 'processing', token: 'token-of-processing', scopes: ['register'] }],
      services: [{ service: 'taxi', max_rate: 0.5 }],
    });
  });

  test('a knob that is set overrides its default', () => {
    const read = readSettings(schema, {
      ...good,
      BATCH_SIZE: '7',
      PAUSES: '5ms, 2s,1d',
      MODE: 'dry',
      COLOURS: '{"plaza":"red"}',
      PUSH_URL: 'https://push.example',
    });
    expect(read).toMatchObject({ batch_size: 7, mode: 'dry', push_url: 'https://push.example' });
    expect(read.colours).toEqual({ plaza: 'red' });
    expect(read.pauses).toEqual([5, 2_000, 86_400_000]);
  });

  test('one error lists every variable that is missing, with what is expected and an example', () => {
    const message = errorOf({ SHOP_NAME: '' });
    for (const name of Object.keys(good)) expect(message).toContain(`${name}: expected `);
    expect(message).toContain('got nothing');
    expect(message).toContain('example: PORT=8080');
    expect(message).not.toContain('BATCH_SIZE');
    expect(message).not.toContain('PUSH_URL');
  });

  test.each([
    ['SERVER_URL', 'localhost:8080', 'got "localhost:8080"'],
    ['SERVER_URL', 'http://user:hunter2@host/', 'without user and password'],
    ['DATABASE_URL', 'mysql://root:hunter2@host/db', 'expected a postgres:// URL'],
    ['DATABASE_URL', 'postgres://root:hunter2@host', 'names a host and a database'],
    ['DATABASE_URL', 'postgres:hunter2@host:1/db', 'names a host and a database'],
    ['DATABASE_URL', 'postgres:///hunter2', 'names a host and a database'],
    ['DATABASE_URL', 'postgres://root:1/hunter2@host/db', 'names a host and a database'],
    ['PORT', '70000', 'expected a whole number from 0 to 65535, got "70000"'],
    ['PORT', '8080.5', 'got "8080.5"'],
    ['SERVER_TOKEN', 'hunter2', 'at least 16 characters, got 7 characters'],
    ['CALLBACK_SECRET', 'whsec_hunter2', 'whsec_ followed by the base64'],
    ['CALLBACK_SECRET', `${SIGNING_SECRET} hunter2`, 'whsec_ followed by the base64'],
    ['BATCH_SIZE', '0', 'from 1 to 500, got "0"'],
    ['PAUSES', '1m,', 'expected 1 to 20 durations from 1ms to 1d, separated by commas'],
    ['PAUSES', '0s', 'got "0s"'],
    ['PAUSES', '25h', 'got "25h"'],
    ['PAUSES', '1.5h', 'got "1.5h"'],
    ['MODE', 'wet', 'expected one of live, dry, got "wet"'],
    ['COLOURS', '{', 'expected a JSON object, got "{"'],
    ['COLOURS', '{"corner":"green"}', 'corner: expected red or blue, got "green"'],
    ['TOKENS', 'hunter2', 'a text that is not JSON'],
    ['TOKENS', '[]', 'the list: expected at least one caller'],
    [
      'TOKENS',
      '[{"caller":"a","token":"hunter2","scopes":["x"]}]',
      '[0].token: expected a token of at least 16',
    ],
    ['TOKENS', '[{"caller":"a","token":"hunter2hunter2hunter2"}]', '[0].scopes: expected array'],
    [
      'TOKENS',
      '[{"caller":"a","token":"hunter2hunter2hunter2","scopes":["x"]},{"caller":"b","token":"hunter2hunter2hunter2","scopes":["x"]}]',
      '[1].token: expected a token of its own',
    ],
    ['SERVICES', '/nowhere/services.json', '"/nowhere/services.json", which cannot be read'],
  ])('%s=%s says what is wrong and shows no secret', (name, value, expected) => {
    const message = errorOf({ ...good, [name]: value });
    expect(message).toContain(`${name}: `);
    expect(message).toContain(expected);
    expect(message).not.toContain('hunter2');
  });

  test('errors in a JSON file name the file and the path inside', () => {
    const path = fileWith(
      'wrong.json',
      '[{"service":"taxi","max_rate":0.5},{"service":"food","max_rate":3,"x":1}]',
    );
    const message = errorOf({ ...good, SERVICES: path });
    expect(message).toContain(`SERVICES: ${path}: [1].max_rate: expected a rate up to 1, got 3`);
    expect(message).toContain(`SERVICES: ${path}: [1].x: expected no field of this name, got 1`);
    const broken = fileWith('broken.json', '[{');
    expect(errorOf({ ...good, SERVICES: broken })).toContain(`${broken} is not JSON`);
  });

  test('a schema that is not of our builders is named too, without its value', () => {
    const own = z.object({ colour: z.string().regex(/^red$/, 'red'), size: z.string() });
    expect(() => readSettings(own, { COLOUR: 'hunter2' })).toThrow(
      'Settings are missing or wrong:\n  COLOUR: expected red\n  SIZE: expected string',
    );
  });
});

test('describeSettings states of every variable whether it is required, its meaning, default and example', () => {
  const text = describeSettings(schema);
  expect(text).toContain('SERVER_URL (required)');
  expect(text).toContain('Where the server is: an http:// or https:// URL');
  expect(text).toContain('BATCH_SIZE (default 200)');
  expect(text).toContain('COLOURS (default {"corner":"blue"})');
  expect(text).toContain('PUSH_URL (optional)');
  expect(text).toContain('example: PORT=8080');
});
