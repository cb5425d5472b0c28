import { type CashbackClient, createCashbackClient } from '@cashback/client';
import { formatAmount, parseAmount, sumAmounts } from '@cashback/contract';
import type { RunningApp } from '@cashback/service';
import { createLog, readSettings } from '@cashback/service';
import { startServer } from '@cashback/server/app';
import { settingsSchema } from '@cashback/server/settings';
import { readUntil } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';

const TOKEN = 'token-of-the-test';
/** Ten orders at the right rate are within the bound; at ten times the rate two are. */
const BREAKER = '{"yellow":{"window_s":2592000,"max_growth":"100"}}';

let harness: Harness;
let server: RunningApp;
let client: CashbackClient;
beforeAll(async () => {
  harness = await createHarness();
  const scopes = ['register', 'order', 'breaker'];
  const settings = readSettings(settingsSchema, {
    DATABASE_URL: harness.test_database.url,
    PORT: '0',
    BEARER_TOKENS: JSON.stringify([{ caller: 'test', token: TOKEN, scopes }]),
    BREAKER,
  });
  server = await startServer(settings, {
    name: 'server',
    log: createLog({ name: 'server', level: 'silent', json: true }),
  });
  client = createCashbackClient({ url: String(server.url), token: TOKEN });
  await harness.startWorker({ attention_poll_ms: 50, attention_poll_max_ms: 100 });
});
afterAll(async () => {
  client?.close();
  await server?.stop();
  await harness?.stop();
});

function register(order_id: string, value: string, invoice_version = 1) {
  return client.register({
    order_id,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'EUR',
    invoice_version,
    cleared_sum: '1000',
    cashback_by_source: [{ source: 'user', value }],
  });
}

function sent(orderIds: readonly string[]): string {
  const updates = orderIds.flatMap((id) => harness.outside.updates(id));
  // One that was not answered in time is repeated under its id.
  const once = new Map(updates.map((update) => [update.operation_id, update])).values();
  const rewards = [...once].flatMap(({ reward }) => reward);
  return formatAmount(sumAmounts(rewards.map(({ amount }) => parseAmount(amount))));
}

async function untilHeldIsObserved(orderId: string): Promise<void> {
  const before = harness.outside.retrieves(orderId);
  await readUntil(
    async () => harness.outside.retrieves(orderId),
    (retrieves) => retrieves > before + 2,
  );
}

test('a rate ten times too high sends nothing above the bound until its release, then every order settles', async () => {
  const ids = Array.from({ length: 10 }, () => newOrderId('tenfold'));
  for (const id of ids) harness.outside.addInvoice(id);
  await Promise.all(ids.map((id) => register(id, '50')));

  const { orders } = await client.breaker.list();
  expect(orders).toHaveLength(8);
  const held = orders.map(({ order_id }) => order_id);
  const passed = ids.filter((id) => !held.includes(id));
  for (const id of passed) await harness.untilSettled(id);
  for (const id of held) await untilHeldIsObserved(id);
  expect(sent(ids)).toBe('100.0000');
  expect(held.flatMap((id) => harness.outside.updates(id))).toEqual([]);
  for (const order_id of held) {
    expect(await client.order({ order_id })).toMatchObject({
      state: 'needs_attention',
      attention_code: 'held_by_breaker',
    });
  }

  const reason = 'the rate is right after all';
  await client.breaker.release({
    orders: orders.map(({ order_id, revision }) => ({ order_id, revision })),
    reason,
  });
  for (const id of ids) {
    const { rewarded } = await harness.untilSettled(id);
    expect(rewarded).toEqual([{ source: 'user', amount: '50.0000' }]);
  }
  expect((await client.breaker.list()).orders).toEqual([]);
  expect((await client.convergence()).services).toEqual([]);
});

test('a held order whose invoice shrank sends the decrease at once, and no increase', async () => {
  await harness.database.pool.query('UPDATE cashback.breaker_windows SET growth = 0');
  const id = newOrderId('lowered');
  harness.outside.addInvoice(id);
  await register(id, '60');
  await harness.untilSettled(id);
  await client.register({
    order_id: id,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'EUR',
    invoice_version: 2,
    cleared_sum: '1000',
    cashback_by_source: [
      { source: 'user', value: '10' },
      { source: 'service', value: '500' },
    ],
  });
  await readUntil(
    async () => harness.outside.cashback(id).rewarded,
    (rewarded) => rewarded.some(({ amount }) => amount === '10.0000'),
  );
  await readUntil(
    () => client.order({ order_id: id }),
    ({ state, rewarded }) => state === 'needs_attention' && rewarded[0]?.amount === '10.0000',
  );
  expect(harness.outside.updates(id).flatMap(({ reward }) => reward)).not.toContainEqual({
    source: 'service',
    amount: '500.0000',
  });
  await client.breaker.release({ orders: [{ order_id: id, revision: 2 }], reason: 'agreed' });
  const { rewarded } = await harness.untilSettled(id);
  expect(rewarded).toEqual([
    { source: 'user', amount: '10.0000' },
    { source: 'service', amount: '500.0000' },
  ]);
});
