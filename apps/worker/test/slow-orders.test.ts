import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, refuse } from '@cashback/outside-transactions';
import { readUntil } from '@cashback/testing';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';
import { setTimeout as delay } from 'node:timers/promises';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

test('of a batch of a hundred the ninety-five others settle while one is locked and calls for four hang or fail', async () => {
  const { outside, database } = harness;
  const [mute = '', silent = '', failing = '', refused = '', locked = '', ...others] = Array.from(
    { length: 100 },
    (_, index) => newOrderId(`batch-${index}`),
  );
  for (const orderId of [mute, silent, failing, refused, locked, ...others]) {
    outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  const released = Promise.withResolvers<Answer>();
  outside.intercept_of.set(mute, () => released.promise);
  outside.intercept_of.set(silent, (call, honest) =>
    call.path === '/update/cashback' ? released.promise : honest(),
  );
  outside.intercept_of.set(failing, () => ({ status: 500, body: null }));
  outside.intercept_of.set(refused, (call, honest) =>
    call.path === '/update/cashback' ? refuse(503, 'OVERLOADED', 'come again') : honest(),
  );
  const holder = await database.pool.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM cashback.order_clears WHERE order_id = $1 FOR UPDATE', [locked]);

  // One batch at a time, and nobody is given up in the meantime.
  await harness.startWorker({
    transactions_timeout_ms: 600_000,
    transactions_circuit_calls: 10_000,
    batch_size: 100,
    batch_concurrency: 1,
  });
  for (const orderId of others) await harness.untilSettled(orderId);
  for (const orderId of [mute, silent, failing, refused, locked]) {
    expect((await harness.order(orderId)).settled_revision).toBe(0);
  }

  // And an order that comes later is not behind them either.
  const later = newOrderId('later');
  outside.addInvoice(later);
  await harness.register(later, '10');
  await harness.untilSettled(later);

  // Nobody was sent back to the queue for the sake of the one that is locked.
  const sentBack = await database.pool.query<{ singleton_key: string }>(
    'SELECT singleton_key FROM cashback_jobs.job WHERE retry_count > 0 OR state = $1',
    ['retry'],
  );
  expect(sentBack.rows.filter(({ singleton_key }) => singleton_key !== locked)).toEqual([]);

  await holder.query('ROLLBACK');
  holder.release();
  outside.intercept_of.clear();
  released.resolve('cut');
  for (const orderId of [mute, silent, failing, refused, locked]) await harness.untilSettled(orderId);
  for (const orderId of [mute, silent, failing, refused, locked, ...others]) {
    expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
    expect(outside.cashback(orderId).operations).toHaveLength(1);
  }
  expect(outside.without_intent).toEqual([]);
});

test('an order that is locked when its poll is due holds up no other poll', async () => {
  const { outside, database } = harness;
  await harness.stopWorkers();
  const orderIds = Array.from({ length: 20 }, () => newOrderId('poll'));
  outside.on_accept = 'stay';
  await harness.startWorker({ poll_base_ms: 60_000, poll_max_ms: 60_000 });
  for (const orderId of orderIds) {
    outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  for (const orderId of orderIds) {
    await readUntil(
      () => outside.cashback(orderId).operations,
      (accepted) => accepted.length === 1,
    );
    outside.finish(orderId, 'success');
  }
  await harness.stopWorkers();
  const [locked = '', ...others] = orderIds;
  await database.pool.query('UPDATE cashback.order_clears SET poll_at = now() WHERE order_id = ANY($1)', [
    orderIds,
  ]);
  const holder = await database.pool.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM cashback.order_clears WHERE order_id = $1 FOR UPDATE', [locked]);
  await harness.startWorker();
  for (const orderId of others) await harness.untilSettled(orderId);
  expect((await harness.order(locked)).settled_revision).toBe(0);
  await holder.query('ROLLBACK');
  holder.release();
  await harness.untilSettled(locked);
});

test('while calls take longer than the lease of an order, no order is asked about twice at once', async () => {
  const { outside } = harness;
  await harness.stopWorkers();
  outside.on_accept = 'success';
  outside.intercept = async (_, honest) => {
    await delay(100);
    return honest();
  };
  const orderIds = Array.from({ length: 30 }, () => newOrderId('queueing'));
  for (const orderId of orderIds) {
    outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  // One call at a time: the last order waits three seconds for its first one.
  await harness.startWorker({
    transactions_concurrency: 1,
    poll_lease_ms: 1_000,
    poll_base_ms: 60_000,
    poll_max_ms: 60_000,
  });
  await readUntil(
    () => orderIds.filter((orderId) => outside.updates(orderId).length === 0),
    (unsent) => unsent.length === 0,
  );
  outside.intercept = undefined;
  expect(orderIds.map((orderId) => outside.retrieves(orderId))).toEqual(orderIds.map(() => 1));
});
