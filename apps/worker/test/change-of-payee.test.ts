import { readUntil } from '@cashback/testing';
import { changeOrderPayee } from '@cashback/server/change-payee';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';
import { type RealTransactions, startRealTransactions } from './support/real-transactions.ts';

let harness: Harness;
let real: RealTransactions;

beforeAll(async () => {
  harness = await createHarness();
  real = await startRealTransactions(harness.test_database.url, undefined, { TRUST_TIMEOUT_MS: '5000' });
  await startWorker();
});
afterAll(async () => {
  await harness?.stopWorkers();
  await real?.stop();
  await harness?.stop();
});

const startWorker = (overrides: { attention_after_ms?: number } = {}) =>
  harness.startWorker({
    transactions_url: real.transactions.url ?? '',
    transactions_token: real.token,
    poll_base_ms: 50,
    poll_max_ms: 200,
    ...overrides,
    attention_poll_ms: 100,
    attention_poll_max_ms: 200,
  });

const NEW = { user_id: 'user-2' };

/** An order that carries 5 in its wallet. */
async function settledOrder() {
  const orderId = newOrderId('payee');
  const from = { user_id: 'user-1', wallet_id: `old-${orderId}` };
  const to = { ...NEW, wallet_id: `new-${orderId}` };
  await real.createInvoice(orderId, from.wallet_id);
  await harness.register(orderId, '5', { wallet_id: from.wallet_id });
  await harness.untilSettled(orderId);
  return { orderId, from, to };
}

type Order = Awaited<ReturnType<typeof settledOrder>>;

function changeAtServer({ orderId, from, to }: Order, expected_revision = 1) {
  return changeOrderPayee(
    harness,
    { order_id: orderId, expected_revision, from, to, reason: 'users merged' },
    'operator',
  );
}

function changeAtTransactions({ orderId, to }: Order) {
  const body = { invoice_id: orderId, version: 1, ...to, reason: 'users merged' };
  return real.post(real.transactions, '/v2/invoice/change_payee', body);
}

async function balanceOf(walletId: string): Promise<string> {
  const response = await fetch(`${real.trust.url}/wallets/${walletId}`, {
    headers: { authorization: `Bearer ${real.token}` },
  });
  return ((await response.json()) as { balance: string }).balance;
}

async function assertMoved({ orderId, from, to }: Order, amount: string): Promise<void> {
  expect(await harness.untilSettled(orderId)).toMatchObject({
    ...to,
    attention: null,
    rewarded: [{ source: 'user', amount }],
  });
  expect([await balanceOf(from.wallet_id), await balanceOf(to.wallet_id)]).toEqual(['0.0000', amount]);
  const { rows } = await harness.database.pool.query(
    'SELECT wallet_id, kind, amount FROM trust.wallet_movements WHERE wallet_id = ANY($1) ORDER BY created_at, wallet_id DESC',
    [[from.wallet_id, to.wallet_id]],
  );
  expect(rows).toEqual([
    { wallet_id: from.wallet_id, kind: 'topup', amount: '5.0000' },
    { wallet_id: from.wallet_id, kind: 'refund', amount: '5.0000' },
    { wallet_id: to.wallet_id, kind: 'topup', amount },
  ]);
}

test('the reward of the wallet before is taken back, and the new one gets the target, each once', async () => {
  const order = await settledOrder();
  expect(await changeAtServer(order)).toMatchObject({ outcome: 'changed', revision: 2 });
  expect((await changeAtTransactions(order)).status).toBe(200);
  await assertMoved(order, '5.0000');
  expect(await harness.operations(order.orderId)).toMatchObject([
    { revision: 1, outcome: 'applied' },
    { revision: 2, outcome: 'applied' },
  ]);
});

test('while one side has the payee before, payee_differs sends nothing, and ends by itself once both agree', async () => {
  const order = await settledOrder();
  await harness.stopWorkers();
  await startWorker({ attention_after_ms: 200 });
  await changeAtServer(order);
  await readUntil(
    () => harness.order(order.orderId),
    ({ attention_code }) => attention_code === 'payee_differs',
    { timeout_ms: 60_000 },
  );
  expect(await harness.operations(order.orderId)).toHaveLength(1);
  expect(await balanceOf(order.from.wallet_id)).toBe('5.0000');
  await harness.stopWorkers();
  await changeAtTransactions(order);
  await changeAtTransactions(order);
  await startWorker();
  await assertMoved(order, '5.0000');
});

test('a target that changes on the way goes to the new wallet alone', async () => {
  const order = await settledOrder();
  await changeAtTransactions(order);
  await changeAtServer(order);
  await harness.register(order.orderId, '3', { ...order.to });
  expect(await harness.untilSettled(order.orderId)).toMatchObject({
    rewarded: [{ source: 'user', amount: '3.0000' }],
  });
  const { from, to } = order;
  expect([await balanceOf(from.wallet_id), await balanceOf(to.wallet_id)]).toEqual(['0.0000', '3.0000']);
});
