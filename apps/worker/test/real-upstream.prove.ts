import { randomUUID } from 'node:crypto';
import { type RunningApp, readSettings } from '@cashback/service';
import { freePort } from '@cashback/system/free-ports';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTransactions } from '@cashback/transactions/app';
import { settingsSchema as transactionsSettings } from '@cashback/transactions/settings';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema as trustSettings } from '@cashback/trust/settings';
import { readUntil } from '@cashback/testing';
import { CALLBACK_SECRET, type Harness, createHarness, newOrderId, testLog } from './support/harness.ts';

const token = randomUUID();
const NOBODY = 'http://127.0.0.1:9/callbacks';
let harness: Harness;
let trust: RunningApp;
let transactions: RunningApp;
let workerPort: number;

beforeAll(async () => {
  harness = await createHarness();
  workerPort = await freePort();
  const common = { DATABASE_URL: harness.test_database.url, PORT: '0' };
  trust = await startTrust(
    readSettings(trustSettings, {
      ...common,
      BEARER_TOKENS: accepted(['baskets', 'wallets', 'settings']),
      BILLING_CALLBACK_URL: NOBODY,
      BILLING_CALLBACK_SECRET: CALLBACK_SECRET,
      SETTLE_INTERVAL_MS: '5',
    }),
    { log: testLog },
  );
  transactions = await startTransactions(
    readSettings(transactionsSettings, {
      ...common,
      BEARER_TOKENS: accepted(['invoices', 'invoices.read', 'cashback.update']),
      TRUST_URL: trust.url,
      TRUST_TOKEN: token,
      INVOICE_CALLBACK_URL: NOBODY,
      INVOICE_CALLBACK_SECRET: CALLBACK_SECRET,
      OPERATION_CALLBACK_URL: `http://127.0.0.1:${workerPort}/callbacks/operation`,
      OPERATION_CALLBACK_SECRET: CALLBACK_SECRET,
      TRUST_TIMEOUT_MS: '300',
      POLL_BASE_MS: '10',
      POLL_MAX_MS: '100',
      SWEEP_INTERVAL_MS: '100',
      OVERDUE_AFTER_MS: '500',
      CALLBACK_RETRY_MAX_MS: '200',
    }),
    { name: 'transactions', log: testLog },
  );
});
afterAll(async () => {
  await harness.stopWorkers();
  await transactions.stop();
  await trust.stop();
  await harness.stop();
});

const startWorker = (): Promise<RunningApp> =>
  harness.startWorker({
    port: workerPort,
    transactions_url: transactions.url ?? '',
    transactions_token: token,
    sweep_grace_ms: 2_000,
    max_failures: 1_000,
  });

test('an order is settled by a callback long before its poll would be due', async () => {
  const worker = await harness.startWorker({
    port: workerPort,
    transactions_url: transactions.url ?? '',
    transactions_token: token,
    poll_base_ms: 60_000,
    poll_max_ms: 60_000,
  });
  const orderId = newOrderId('real');
  await createInvoice(orderId, 'wallet-real');
  await harness.register(orderId, '12.5', { wallet_id: 'wallet-real' });
  await harness.untilSettled(orderId);
  expect(await balanceOf('wallet-real')).toBe('12.5000');
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
  expect(worker.url).toContain(String(workerPort));
});

test('with a payment system that fails, forgets to answer and refuses, every order ends with its newest target, and no money is lost or made', async () => {
  await harness.stopWorkers();
  await post(trust, '/settings', {
    latency_ms: 20,
    failure_share: 0.1,
    lost_answer_share: 0.1,
    refusal_share: 0.1,
  });
  const wallet_id = 'wallet-faults';
  const orderIds = Array.from({ length: 25 }, () => newOrderId('faults'));
  for (const orderId of orderIds) await createInvoice(orderId, wallet_id);
  const targets = [
    ['10', '0'],
    ['7.25', '3'],
    ['0', '20'],
    ['15', '1.0001'],
  ] as const;

  await startWorker();
  for (const [round, [user, service]] of targets.entries()) {
    await Promise.all(
      orderIds.map((orderId) =>
        harness.register(orderId, '0', {
          wallet_id,
          cashback_by_source: [
            { source: 'user', value: user },
            { source: 'service', value: service },
          ],
        }),
      ),
    );
    // Some targets are overtaken while they are on their way, and some by another worker.
    const some = orderIds[round] ?? '';
    await readUntil(
      () => harness.operations(some),
      (rows) => rows.some(({ revision }) => revision === round + 1),
      { timeout_ms: 60_000 },
    );
    if (round === 1) {
      await harness.stopWorkers();
      await startWorker();
    }
    if (round === 2) await harness.database.pool.query('DELETE FROM cashback_jobs.job');
  }
  await readUntil(
    async () => {
      const orders = await Promise.all(orderIds.map((orderId) => harness.order(orderId)));
      return orders.filter(({ settled_revision }) => settled_revision !== targets.length).length;
    },
    (unsettled) => unsettled === 0,
    { timeout_ms: 60_000 },
  );

  const carried = [
    { source: 'user', amount: '15.0000' },
    { source: 'service', amount: '1.0001' },
  ];
  for (const orderId of orderIds) {
    const { body } = await post(transactions, '/v2/invoice/retrieve', { invoice_id: orderId });
    expect(body.cashback.status).toBe('success');
    expect(new Map(body.cashback.rewarded.map(bySource))).toEqual(new Map(carried.map(bySource)));
    expect(new Map((await harness.order(orderId)).rewarded.map(bySource))).toEqual(
      new Map(carried.map(bySource)),
    );
    // Every operation has ended, and is known to have.
    for (const { outcome } of await harness.operations(orderId)) expect(outcome).not.toBeNull();
  }
  expect(await balanceOf(wallet_id)).toBe('400.0025');
}, 90_000);

function bySource({ source, amount }: { source: string; amount: string }): [string, string] {
  return [source, amount];
}

async function createInvoice(invoice_id: string, wallet_id: string): Promise<void> {
  const { status, body } = await post(transactions, '/v2/invoice/create', {
    invoice_id,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id,
    currency: 'EUR',
    status: 'cleared',
    payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '1000' }] }],
  });
  if (status >= 300) throw new Error(JSON.stringify(body));
}

async function balanceOf(walletId: string): Promise<string> {
  const response = await fetch(`${trust.url}/wallets/${walletId}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return ((await response.json()) as { balance: string }).balance;
}

interface InvoiceAnswer {
  status: number;
  body: { cashback: { status: string; rewarded: { source: string; amount: string }[] } };
}

async function post(app: RunningApp, path: string, body: unknown): Promise<InvoiceAnswer> {
  const response = await fetch(`${app.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as InvoiceAnswer['body'] };
}

function accepted(scopes: string[]): string {
  return JSON.stringify([{ caller: 'test', token, scopes }]);
}
