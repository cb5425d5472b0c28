import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { type RegisterInput, createCashbackClient } from '@cashback/client';
import type { AppProcess } from '@cashback/system/app-process';
import { startApp } from '@cashback/system/start-app';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const TOKEN = 'token-of-the-backfill';
const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');

let folder: string;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let server: AppProcess;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'backfill-test-'));
  database = await createTestDatabase();
  server = await startApp('server', {
    env: {
      DATABASE_URL: database.url,
      PORT: '0',
      LOG_LEVEL: 'warn',
      BEARER_TOKENS: JSON.stringify([{ caller: 'test', token: TOKEN, scopes: ['register', 'order'] }]),
    },
    log_folder: folder,
  });
  url = server.url;
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function backfill(file: string, options: string[] = [], to = url) {
  const child = spawn(process.execPath, [MAIN, file, '--json', ...options], {
    env: { CASHBACK_URL: to, CASHBACK_TOKEN: TOKEN },
    stdio: ['ignore', 'pipe', 'ignore'],
    cwd: folder,
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code: code as number, report: JSON.parse(out) as unknown };
}

function line(order_id: string, fields: Record<string, unknown> = {}): string {
  return JSON.stringify({
    order_id,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'USD',
    invoice_version: 1,
    cleared_sum: '100',
    cashback_by_source: [{ source: 'user', value: '5' }],
    ...fields,
  });
}

test('registers a file line by line, reports invalid lines by their number, and a second run changes nothing', async () => {
  const good = Array.from({ length: 1_200 }, (_, index) => line(`filled-${index}`));
  const lines = [
    ...good.slice(0, 700),
    '{"order_id":',
    '',
    line('bad', { currency: 'dollars' }),
    '[]',
    ...good.slice(700),
  ];
  const file = path.join(folder, 'orders.ndjson');
  await writeFile(file, lines.join('\r\n'));

  expect(await backfill(file)).toEqual({
    code: 2,
    report: {
      lines: 1_203,
      outcomes: { registered: 1_200, unchanged: 0, stale: 0 },
      rejected: 3,
      stopped_at: null,
      reason: null,
    },
  });
  const rejected = (await readFile(path.join(folder, 'rejected.ndjson'), 'utf8')).trim().split('\n');
  expect(rejected.map((text) => JSON.parse(text) as unknown)).toMatchObject([
    {
      line: 701,
      code: 'BAD_REQUEST',
      message: expect.stringContaining('expected JSON'),
      input: '{"order_id":',
    },
    { line: 704, code: 'BAD_REQUEST', message: expect.stringContaining('expected a JSON object') },
    { line: 703, code: 'BAD_REQUEST', issues: [{ path: 'currency' }], input: { order_id: 'bad' } },
  ]);
  expect((await backfill(file)).report).toMatchObject({ outcomes: { registered: 0, unchanged: 1_200 } });
  const client = createCashbackClient({ url, token: TOKEN });
  expect(await client.order({ order_id: 'filled-1199' })).toMatchObject({
    revision: 1,
    cashback_sum: '5.0000',
  });
  client.close();
});

test('a file that is run again never brings back a target that was replaced since', async () => {
  const client = createCashbackClient({ url, token: TOKEN });
  const file = path.join(folder, 'again.ndjson');
  await writeFile(file, [line('again-1'), line('again-2')].join('\n'));
  expect(await backfill(file)).toMatchObject({ code: 0, report: { outcomes: { registered: 2 } } });
  const other = { cashback_by_source: [{ source: 'user' as const, value: '7' }] };
  await client.register({ ...(JSON.parse(line('again-1', other)) as RegisterInput), expected_revision: 1 });
  await client.register(JSON.parse(line('again-2', { ...other, invoice_version: 2 })) as RegisterInput);

  expect(await backfill(file)).toMatchObject({
    code: 2,
    report: { outcomes: { registered: 0, unchanged: 0, stale: 1 }, rejected: 1 },
  });
  const rejected = (await readFile(path.join(folder, 'rejected.ndjson'), 'utf8')).trim();
  expect(JSON.parse(rejected)).toMatchObject({ line: 1, code: 'EXPECTED_REVISION_REQUIRED' });
  for (const order_id of ['again-1', 'again-2']) {
    expect(await client.order({ order_id })).toMatchObject({ cashback_sum: '7.0000' });
  }
  await writeFile(file, line('again-1', { expected_revision: 2 }));
  expect(await backfill(file)).toMatchObject({ code: 0, report: { outcomes: { registered: 1 } } });
  client.close();
});

test('without a server it stops and names the line to continue from', async () => {
  const file = path.join(folder, 'more.ndjson');
  await writeFile(file, [line('more-1'), line('more-2')].join('\n'));
  const { code, report } = await backfill(file, [], 'http://127.0.0.1:1');
  expect({ code, report }).toMatchObject({
    code: 1,
    report: { outcomes: { registered: 0 }, stopped_at: 1, reason: expect.stringContaining('UNREACHABLE') },
  });
  expect(await backfill(file, ['--from', '2'])).toMatchObject({
    code: 0,
    report: { outcomes: { registered: 1 } },
  });
});
