import { randomUUID } from 'node:crypto';
import { type CashbackClient, createCashbackClient } from '@cashback/client';
import { type HttpProxy, startHttpProxy } from '@cashback/proxies';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from './support/run-command.ts';
import {
  type App,
  TOKEN,
  post,
  startServerOf,
  startTransactionsOf,
  startTrustOf,
} from './support/start-apps.ts';

const PENDING_MS = 600_000;

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let server: App;
let trust: App;
let transactions: App;
let client: CashbackClient;
/** The link from the command to transactions. */
let link: HttpProxy;
const calls: { path: string; code: string | undefined }[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  server = await startServerOf(testDatabase.url, ['register', 'order', 'payee']);
  trust = await startTrustOf(testDatabase.url);
  transactions = await startTransactionsOf(testDatabase.url, trust);
  client = createCashbackClient({ url: server.url, token: TOKEN });
  link = await startHttpProxy(transactions.url, async ({ path }, forward) => {
    const answer = await forward();
    const { error } = JSON.parse(answer.body.toString()) as { error?: { code: string } };
    calls.push({ path, code: error?.code });
    // The operation ends only once the command was refused because of it.
    if (error?.code === 'OPERATION_IN_FLIGHT') await post(trust, '/settings', { latency_ms: 0 });
    return answer;
  });
});
afterAll(async () => {
  await link?.stop();
  client?.close();
  await transactions?.stop();
  await trust?.stop();
  await server?.stop();
  await testDatabase?.drop();
});

function run(options: string[], env: Record<string, string> = {}) {
  return runCommand('change-payee', options, {
    CASHBACK_URL: server.url,
    CASHBACK_TOKEN: TOKEN,
    TRANSACTIONS_URL: link.url,
    TRANSACTIONS_TOKEN: TOKEN,
    ...env,
  });
}

const TO = ['--user-id', 'user-2', '--wallet-id', 'wallet-2', '--reason', 'users merged'];

test('both sides get the new payee, once the operation of the invoice has ended, and a repeat changes nothing', async () => {
  const order_id = 'order-1';
  const payee = { user_id: 'user-1', wallet_id: 'wallet-1', currency: 'USD' };
  const moved = { user_id: 'user-2', wallet_id: 'wallet-2' };
  await post(transactions, '/v2/invoice/create', {
    invoice_id: order_id,
    service: 'yellow',
    ...payee,
    status: 'cleared',
    payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '100.0000' }] }],
  });
  await client.register({
    order_id,
    service: 'yellow',
    ...payee,
    invoice_version: 1,
    cleared_sum: '100',
    cashback_by_source: [{ source: 'user', value: '5' }],
  });
  await post(trust, '/settings', { latency_ms: PENDING_MS });
  await post(transactions, '/update/cashback', {
    invoice_id: order_id,
    operation_id: randomUUID(),
    version: 0,
    ...payee,
    reward: [{ source: 'user', amount: '5.0000' }],
  });

  expect(await run([order_id, ...TO])).toEqual({
    code: 0,
    out: 'order-1: user user-1, wallet wallet-1 -> user user-2, wallet wallet-2; revision 2, invoice version 2\n',
    error: '',
  });
  expect(calls.slice(0, 2)).toEqual([
    { path: '/v2/invoice/retrieve', code: undefined },
    { path: '/v2/invoice/change_payee', code: 'OPERATION_IN_FLIGHT' },
  ]);

  const again = await run([order_id, ...TO, '--json']);
  expect(JSON.parse(again.out)).toMatchObject({ revision: 2, invoice_version: 2 });
  expect(await client.order({ order_id })).toMatchObject({ ...moved, revision: 2 });
  expect(await post(transactions, '/v2/invoice/retrieve', { invoice_id: order_id })).toMatchObject(moved);
});

test('an order that was never registered stops it before the invoice is asked for', async () => {
  const before = calls.length;
  const { code, error } = await run(['never', ...TO]);
  expect([code, calls.length]).toEqual([1, before]);
  expect(error).toContain('never registered');
});

test('without a URL of transactions nothing begins', async () => {
  expect((await run(['order-1', ...TO], { TRANSACTIONS_URL: '' })).error).toContain(
    'TRANSACTIONS_URL is missing',
  );
});
