import { type Answer, startOutsideTransactions } from '@cashback/outside-transactions';
import { openDatabase } from '@cashback/postgres';
import { freePort } from '@cashback/system/free-ports';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readUntil, untilEqual } from '@cashback/testing';
import { sweepOrders } from '../src/schedule/sweep-orders.ts';
import { type Harness, createHarness, newOrderId, testLog } from './support/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
});
beforeEach(() => {
  harness.outside.on_accept = 'success';
  harness.outside.intercept = undefined;
});
afterEach(async () => {
  await harness.stopWorkers();
  expect(harness.outside.without_intent).toEqual([]);
});
afterAll(() => harness.stop());

test('an operation whose answer was lost after it was applied is repeated word for word, and applied once', async () => {
  const { outside } = harness;
  const orderId = newOrderId('lost-answer');
  outside.addInvoice(orderId);
  // The invoice hides what happened to it, as one with many operations does: only the id shows it.
  let hidden = true;
  outside.intercept = (call, honest) => {
    if (call.path === '/update/cashback') {
      honest();
      if (outside.updates(orderId).length === 1) return 'cut';
      hidden = false;
      return honest();
    }
    const answer = honest();
    return hidden
      ? withCashback(answer, { version: 0, status: 'success', rewarded: [], operations: [] })
      : answer;
  };
  await harness.startWorker();
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);

  const bodies = outside.updates(orderId).map((body) => JSON.stringify(body));
  expect(bodies.length).toBeGreaterThanOrEqual(2);
  expect(new Set(bodies).size).toBe(1);
  expect(outside.cashback(orderId).operations).toHaveLength(1);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
});

test('an accepted operation is not polled before its callback could have come; an unanswered one is repeated soon', async () => {
  const { outside, database } = harness;
  const [accepted, unanswered] = [newOrderId('accepted'), newOrderId('unanswered')];
  for (const orderId of [accepted, unanswered]) outside.addInvoice(orderId);
  outside.intercept = (call, honest) => {
    const isFirst = call.path === '/update/cashback' && outside.updates(call.order_id).length === 1;
    return isFirst && call.order_id === unanswered ? 'cut' : honest();
  };
  outside.on_accept = 'stay';
  await harness.startWorker({ poll_max_ms: 600_000, in_flight_poll_ms: 600_000 });
  await harness.register(accepted, '10');
  await harness.register(unanswered, '10');
  for (const orderId of [accepted, unanswered]) {
    await readUntil(
      () => outside.cashback(orderId).operations,
      ({ length }) => length === 1,
    );
    // The answer is recorded behind the acceptance.
    const poll = `SELECT poll_at > now() + interval '4 minutes' AS later FROM cashback.order_clears WHERE order_id = $1`;
    await untilEqual(async () => (await database.pool.query(poll, [orderId])).rows, [{ later: true }]);
  }
  expect(outside.updates(accepted)).toHaveLength(1);
  expect(outside.updates(unanswered)).toHaveLength(2);
  expect(await harness.operations(unanswered)).toHaveLength(1);
});

test('an operation whose worker died before the request left is sent by the next one under the same id', async () => {
  const { outside, database } = harness;
  const orderId = newOrderId('died');
  outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  const reward = [{ source: 'user', amount: '10.0000' }];
  await database.pool.query(
    `INSERT INTO cashback.operations (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward)
     VALUES ($1, 'committed-intent', 1, 0, 'user-1', 'wallet-1', 'EUR', $2)`,
    [orderId, JSON.stringify(reward)],
  );
  await database.pool.query('UPDATE cashback.order_clears SET operation_id = $2 WHERE order_id = $1', [
    orderId,
    'committed-intent',
  ]);
  await harness.register(orderId, '25');
  await harness.startWorker();
  await harness.untilSettled(orderId);

  expect(outside.updates(orderId)[0]).toMatchObject({ operation_id: 'committed-intent', version: 0, reward });
  expect(await harness.operations(orderId)).toMatchObject([
    { operation_id: 'committed-intent', outcome: 'applied', revision: 1 },
    { outcome: 'applied', revision: 2, reward: [{ source: 'user', amount: '25.0000' }] },
  ]);
});

test('a worker whose rows are lost makes the same operation for the same need', async () => {
  const { outside, database } = harness;
  const orderId = newOrderId('rows-lost');
  outside.addInvoice(orderId);
  outside.intercept = async ({ path }, honest) => (path === '/update/cashback' ? 'cut' : honest());
  await harness.register(orderId, '10');
  await harness.startWorker();
  const [before] = await readUntil(
    () => harness.operations(orderId),
    ({ length }) => length === 1,
  );
  await harness.stopWorkers();
  await database.pool.query('DELETE FROM cashback.operations WHERE order_id = $1', [orderId]);
  await database.pool.query(
    'UPDATE cashback.order_clears SET operation_id = NULL, poll_at = now() WHERE order_id = $1',
    [orderId],
  );
  outside.intercept = (_, honest) => honest();
  await harness.startWorker();
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toMatchObject([
    { operation_id: before?.operation_id, outcome: 'applied' },
  ]);
});

test('with every row of the queue deleted the sweep finds the orders, settles them, and finds no others', async () => {
  const { outside, database } = harness;
  const orderIds = Array.from({ length: 12 }, () => newOrderId('forgotten'));
  for (const orderId of orderIds) {
    outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  await database.pool.query('DELETE FROM cashback_jobs.job');
  await harness.startWorker({ sweep_interval_ms: 100, sweep_grace_ms: 50, sweep_page_size: 5 });
  for (const orderId of orderIds) await harness.untilSettled(orderId);
  for (const orderId of orderIds) expect(await harness.operations(orderId)).toHaveLength(1);
});

test('an operation in flight whose poll was lost is found by the sweep', async () => {
  const { outside, database } = harness;
  const orderId = newOrderId('poll-lost');
  outside.addInvoice(orderId);
  outside.on_accept = 'stay';
  await harness.register(orderId, '10');
  await harness.startWorker();
  await readUntil(
    () => outside.cashback(orderId).operations,
    (accepted) => accepted.length === 1,
  );
  await harness.stopWorkers();
  await database.pool.query('DELETE FROM cashback_jobs.job');
  await database.pool.query('UPDATE cashback.order_clears SET poll_at = NULL');
  outside.finish(orderId, 'success');
  await harness.startWorker({ sweep_interval_ms: 100, sweep_grace_ms: 50 });
  await harness.untilSettled(orderId);
  expect(outside.updates(orderId)).toHaveLength(1);
});

test('an order that has a job in the queue is not forgotten, however long it waits there', async () => {
  const { database, test_database, jobs } = harness;
  const [queued, forgotten] = [newOrderId('queued'), newOrderId('forgotten')];
  await harness.register(queued, '10');
  await harness.register(forgotten, '10');
  await database.pool.query('DELETE FROM cashback_jobs.job WHERE singleton_key = $1', [forgotten]);
  await database.pool.query(
    `UPDATE cashback.order_clears SET next_charge_at = now() - interval '1 hour' WHERE order_id = ANY($1)`,
    [[queued, forgotten]],
  );
  const { url } = test_database;
  const own = openDatabase({ url, role: 'cashback_worker', application_name: 'sweep', log_error: () => {} });
  const sweep = () =>
    sweepOrders(
      { database: own, jobs, log: testLog },
      { grace_ms: 60_000, page_size: 1_000, job_max_age_ms: 3_600_000 },
    );
  expect(await sweep()).toBe(false);
  expect((await harness.order(forgotten)).poll_at).not.toBeNull();
  const { poll_at, next_charge_at } = await harness.order(queued);
  expect(poll_at).toBeNull();
  expect(next_charge_at.getTime()).toBeGreaterThan(Date.now() - 60_000);

  // A sweep finds no order twice, so it goes on to the next page of a long queue.
  expect(await sweep()).toBe(false);
  expect((await harness.order(queued)).next_charge_at).toEqual(next_charge_at);
  await own.close();
});

test.each([
  ['waits', `created_on = now() - interval '2 hours', start_after = now() + interval '1 day'`],
  [
    'runs',
    `state = 'active', started_on = now() - interval '1 hour', expire_seconds = 864000, heartbeat_seconds = NULL`,
  ],
])('the sweep settles an order behind a dead job that %s for too long', async (_, change) => {
  const { outside, database } = harness;
  const orderId = newOrderId('dead-job');
  outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await database.pool.query(`UPDATE cashback_jobs.job SET ${change} WHERE singleton_key = $1`, [orderId]);
  await harness.startWorker({ sweep_interval_ms: 100, sweep_grace_ms: 50 });
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toHaveLength(1);
});

test('one turn of the sweep goes through all pages, also of orders that have jobs, and ends', async () => {
  const { database, test_database, jobs } = harness;
  // Orders of other tests that are due would leave no room.
  await database.pool.query(`UPDATE cashback.order_clears SET poll_at = now() + interval '1 hour'`);
  const orderIds = Array.from({ length: 7 }, () => newOrderId('paged'));
  for (const orderId of orderIds) await harness.register(orderId, '10');
  const forgotten = orderIds.at(-1) ?? '';
  await database.pool.query('DELETE FROM cashback_jobs.job WHERE singleton_key = $1', [forgotten]);
  await database.pool.query(
    `UPDATE cashback.order_clears SET next_charge_at = now() - interval '1 hour' WHERE order_id = ANY($1)`,
    [orderIds],
  );
  const { url } = test_database;
  await using own = ownDatabase(url);
  const options = { grace_ms: 60_000, page_size: 2, job_max_age_ms: 3_600_000 };
  expect(await sweepOrders({ database: own.database, jobs, log: testLog }, options)).toBe(false);
  expect((await harness.order(forgotten)).poll_at).not.toBeNull();
  await database.pool.query('DELETE FROM cashback.order_clears WHERE order_id = ANY($1)', [orderIds]);
});

function ownDatabase(url: string) {
  const own = openDatabase({ url, role: 'cashback_worker', application_name: 'sweep', log_error: () => {} });
  return { database: own, [Symbol.asyncDispose]: () => own.close() };
}

test('an order that is locked holds up the sweep of no other', async () => {
  const { outside, database } = harness;
  const orderIds = Array.from({ length: 6 }, () => newOrderId('swept'));
  for (const orderId of orderIds) {
    outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  const [locked = '', ...others] = orderIds;
  await database.pool.query('DELETE FROM cashback_jobs.job');
  const holder = await database.pool.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM cashback.order_clears WHERE order_id = $1 FOR UPDATE', [locked]);
  await harness.startWorker({ sweep_interval_ms: 100, sweep_grace_ms: 50, sweep_page_size: 3 });
  for (const orderId of others) await harness.untilSettled(orderId);
  expect((await harness.order(locked)).settled_revision).toBe(0);
  await holder.query('ROLLBACK');
  holder.release();
  await harness.untilSettled(locked);
});

test('a later, shorter wait replaces a longer one', async () => {
  const { outside, database } = harness;
  const orderId = newOrderId('long-wait');
  outside.addInvoice(orderId);
  outside.on_accept = 'failed';
  await harness.startWorker({ failure_base_ms: 3_600_000, failure_max_ms: 3_600_000 });
  await harness.register(orderId, '10');
  await readUntil(
    () => harness.order(orderId),
    ({ poll_at }) => poll_at !== null && poll_at.getTime() > Date.now() + 3_000_000,
  );
  // A new target is sent at once, and followed to its end although no callback comes.
  outside.on_accept = 'stay';
  await harness.register(orderId, '11');
  await readUntil(
    () => outside.cashback(orderId).operations,
    (accepted) => accepted.length === 2,
  );
  outside.finish(orderId, 'success');
  expect(await harness.untilSettled(orderId)).toMatchObject({ poll_at: null });
  const { rows } = await database.pool.query(
    `SELECT 1 FROM cashback_jobs.job WHERE start_after > now() + interval '1 minute'`,
  );
  expect(rows).toEqual([]);
});

test('an order that an older release left in need of attention, without a time, is found by the sweep and goes on', async () => {
  const { outside, database } = harness;
  const orderId = newOrderId('needs-attention');
  outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await database.pool.query('DELETE FROM cashback_jobs.job');
  await database.pool.query(
    `UPDATE cashback.order_clears SET attention = 'given up', next_charge_at = now() - interval '1 hour'
     WHERE order_id = $1`,
    [orderId],
  );
  await harness.startWorker({ sweep_interval_ms: 100, sweep_grace_ms: 50 });
  expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null });
});

test('orders settle after transactions was down for any length of time', async () => {
  const { database, outside } = harness;
  const port = await freePort();
  const elsewhere = await startOutsideTransactions(database, port);
  await elsewhere.stop();
  const orderIds = Array.from({ length: 5 }, () => newOrderId('down'));
  await harness.startWorker({ transactions_url: elsewhere.url });
  for (const orderId of orderIds) await harness.register(orderId, '10');
  const registered = await Promise.all(orderIds.map((orderId) => harness.order(orderId)));
  // Each is observed several times, without success.
  for (const [index, orderId] of orderIds.entries()) {
    const before = registered[index]?.next_charge_at.getTime() ?? 0;
    const later = await readUntil(
      () => harness.order(orderId),
      (order) => order.next_charge_at.getTime() > before + 1_000,
    );
    expect(later.attention).toBeNull();
  }
  const { rows } = await database.pool.query(
    `SELECT state, retry_count FROM cashback_jobs.job WHERE state = 'failed' OR retry_count > 0`,
  );
  expect(rows).toEqual([]);

  const back = await startOutsideTransactions(database, port);
  try {
    for (const orderId of orderIds) back.addInvoice(orderId);
    for (const orderId of orderIds) await harness.untilSettled(orderId);
    expect(back.without_intent).toEqual([]);
    for (const orderId of orderIds) expect(back.cashback(orderId).operations).toHaveLength(1);
  } finally {
    await harness.stopWorkers();
    await back.stop();
  }
  expect(outside.calls.filter(({ order_id }) => orderIds.includes(order_id))).toEqual([]);
});

test('a worker that is stopped while a call hangs ends, and the next one carries on', async () => {
  const { outside } = harness;
  const orderId = newOrderId('stopped');
  outside.addInvoice(orderId);
  outside.intercept = () => 'hang';
  await harness.startWorker({ transactions_timeout_ms: 2_000 });
  await harness.register(orderId, '10');
  await readUntil(
    () => outside.retrieves(orderId),
    (count) => count > 0,
  );
  await harness.stopWorkers();
  outside.intercept = undefined;
  await harness.startWorker();
  await harness.untilSettled(orderId);
});

function withCashback(answer: Answer, cashback: object): Answer {
  if (typeof answer === 'string' || 'html' in answer) return answer;
  return { ...answer, body: { ...(answer.body as object), cashback } };
}
