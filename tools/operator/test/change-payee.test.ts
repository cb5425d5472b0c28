import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { json, text } from 'node:stream/consumers';
import { type CashbackClient, createCashbackClient } from '@cashback/client';
import { type RunningApp, createLog, readSettings } from '@cashback/service';
import { startServer } from '@cashback/server/app';
import { settingsSchema } from '@cashback/server/settings';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = path.resolve(import.meta.dirname, '../src/change-payee/command.ts');
const TOKEN = 'token-of-the-operator';

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let server: RunningApp;
let client: CashbackClient;

interface Change {
  version: number;
  user_id: string;
  wallet_id: string;
  reason: string;
}
/** Answers as transactions does, with an operation in flight the first time. */
const changes: Change[] = [];
const invoice = { user_id: 'user-1', wallet_id: 'wallet-1', version: 3 };
const transactions = createServer((request, response) => {
  void json(request).then((body) => {
    if (request.url === '/v2/invoice/change_payee') {
      const change = body as Change;
      changes.push(change);
      if (changes.length === 1) {
        const error = { code: 'OPERATION_IN_FLIGHT', message: 'not ended', retryable: true };
        response.writeHead(409, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
        return;
      }
      Object.assign(invoice, { user_id: change.user_id, wallet_id: change.wallet_id, version: 4 });
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(invoice));
  });
});

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  server = await startServer(
    readSettings(settingsSchema, {
      DATABASE_URL: testDatabase.url,
      PORT: '0',
      BEARER_TOKENS: JSON.stringify([
        { caller: 'operator', token: TOKEN, scopes: ['register', 'order', 'payee'] },
      ]),
    }),
    { name: 'server', log: createLog({ name: 'server', level: 'silent', json: true }) },
  );
  client = createCashbackClient({ url: server.url ?? '', token: TOKEN });
  await new Promise<void>((resolve) => transactions.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  transactions.close();
  client?.close();
  await server?.stop();
  await testDatabase?.drop();
});

async function run(options: string[], env: Record<string, string> = {}) {
  const { port } = transactions.address() as AddressInfo;
  const child = spawn(process.execPath, [MAIN, ...options], {
    env: {
      CASHBACK_URL: server.url ?? '',
      CASHBACK_TOKEN: TOKEN,
      TRANSACTIONS_URL: `http://127.0.0.1:${port}`,
      TRANSACTIONS_TOKEN: 'token',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code, out, error };
}

const TO = ['--user-id', 'user-2', '--wallet-id', 'wallet-2', '--reason', 'users merged'];

test('both sides get the new payee, once the operation of the invoice has ended, and a repeat changes nothing', async () => {
  await client.register({
    order_id: 'order-1',
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'USD',
    invoice_version: 1,
    cleared_sum: '100',
    cashback_by_source: [{ source: 'user', value: '5' }],
  });
  expect(await run(['order-1', ...TO])).toEqual({
    code: 0,
    out: 'order-1: user user-1, wallet wallet-1 -> user user-2, wallet wallet-2; revision 2, invoice version 4\n',
    error: '',
  });
  const change = {
    invoice_id: 'order-1',
    version: 3,
    user_id: 'user-2',
    wallet_id: 'wallet-2',
    reason: 'users merged',
  };
  expect(changes).toEqual([change, change]);
  const again = await run(['order-1', ...TO, '--json']);
  expect(JSON.parse(again.out)).toMatchObject({ revision: 2, invoice_version: 4 });
  expect(await client.order({ order_id: 'order-1' })).toMatchObject({
    user_id: 'user-2',
    wallet_id: 'wallet-2',
    revision: 2,
  });
});

test('an order that was never registered stops it before the invoice is asked for', async () => {
  const before = changes.length;
  const { code, error } = await run(['never', ...TO]);
  expect([code, changes.length]).toEqual([1, before]);
  expect(error).toContain('never registered');
});

test('without a URL of transactions nothing begins', async () => {
  expect((await run(['order-1', ...TO], { TRANSACTIONS_URL: '' })).error).toContain(
    'TRANSACTIONS_URL is missing',
  );
});
