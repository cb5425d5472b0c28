import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '@cashback/outside-transactions';
import { type Log, type RunningApp, createLog } from '@cashback/service';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
});
afterEach(async () => {
  await harness.stopWorkers();
  harness.outside.intercept = undefined;
  expect(harness.outside.without_intent).toEqual([]);
});
afterAll(() => harness.stop());

const down: Answer = { status: 500, body: null };
const CALLS = 10;

function recordingLog(): { log: Log; messages: () => string[] } {
  const messages: string[] = [];
  const write = (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg);
  const log = createLog({ name: 'worker', level: 'info', json: true, destination: { write } });
  return { log, messages: () => messages.filter((message) => message.startsWith('upstream')) };
}

async function circuitOf({ url }: RunningApp): Promise<string> {
  const answer = await fetch(`${url}/health`);
  const { upstreams } = (await answer.json()) as { upstreams: { transactions: { circuit: string } } };
  return upstreams.transactions.circuit;
}

async function registerMany(name: string, count: number): Promise<string[]> {
  const orderIds = Array.from({ length: count }, () => newOrderId(name));
  for (const orderId of orderIds) {
    harness.outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  return orderIds;
}

/** Where these orders wait: in a batch that the worker has, for a poll of their own, in the queue. */
async function countOrders(
  orderIds: readonly string[],
): Promise<{ held: number; tried: number; queued: number }> {
  const { rows } = await harness.database.pool.query<{ held: number; tried: number; queued: number }>(
    `SELECT (SELECT count(*)::int FROM cashback_jobs.job WHERE state = 'active' AND singleton_key = ANY($1)) AS held,
            (SELECT count(*)::int FROM cashback.order_clears WHERE poll_at IS NOT NULL AND order_id = ANY($1)) AS tried,
            (SELECT count(*)::int FROM cashback_jobs.job WHERE state = 'created' AND singleton_key = ANY($1)) AS queued`,
    [orderIds],
  );
  return rows[0] ?? { held: 0, tried: 0, queued: 0 };
}

async function expectAllSettledOnce(orderIds: readonly string[]): Promise<void> {
  for (const orderId of orderIds) {
    expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null });
    expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
    expect(harness.outside.cashback(orderId).operations).toHaveLength(1);
  }
}

test('while transactions is down single probes leave, and afterwards every order settles with one operation', async () => {
  const { outside } = harness;
  const orderIds = await registerMany('down', 60);
  outside.intercept = () => down;
  const { log, messages } = recordingLog();
  const worker = await harness.startWorker(
    {
      batch_size: 10,
      batch_concurrency: 2,
      transactions_circuit_calls: CALLS,
      transactions_circuit_open_ms: 50,
      transactions_circuit_open_max_ms: 100,
    },
    log,
  );
  await readUntil(
    () => circuitOf(worker),
    (circuit) => circuit !== 'closed',
  );
  // Calls that left before it opened may still arrive; from the first answer to a probe on there is one call at a time.
  const calls: { answered: boolean }[] = [];
  let overlapping = 0;
  outside.intercept = async () => {
    overlapping += calls.filter(({ answered }) => !answered).length;
    const call = { answered: false };
    calls.push(call);
    await delay(20);
    call.answered = true;
    return down;
  };
  await readUntil(
    () => calls.filter(({ answered }) => answered).length,
    (answered) => answered >= 1,
  );
  await readUntil(
    () => calls.every(({ answered }) => answered),
    (all) => all,
  );
  overlapping = 0;
  const before = calls.length;
  await readUntil(
    () => calls.length,
    (count) => count >= before + 6,
  );
  expect(overlapping).toBe(0);
  expect(messages()).toHaveLength(1);

  outside.intercept = undefined;
  await expectAllSettledOnce(orderIds);
  expect(messages()).toEqual([
    'upstream is down: its calls are held back, and single ones probe it',
    'upstream answers again',
  ]);
  expect(await circuitOf(worker)).toBe('closed');
  const burnt = await harness.database.pool.query(
    `SELECT 1 FROM cashback_jobs.job WHERE state = 'failed' OR retry_count > 0`,
  );
  expect(burnt.rows).toEqual([]);
});

test('an outage longer than the attention bound causes no attention', async () => {
  const { outside } = harness;
  const orderIds = await registerMany('outlasted', 30);
  outside.intercept = () => down;
  const attention_after_ms = 3_000;
  const worker = await harness.startWorker({
    attention_after_ms,
    transactions_circuit_calls: CALLS,
    transactions_circuit_open_ms: 50,
    transactions_circuit_open_max_ms: 100,
  });
  await readUntil(
    () => circuitOf(worker),
    (circuit) => circuit !== 'closed',
  );
  const before = outside.calls.length;
  const openedAt = Date.now();
  // By then those that probe are too old, but for the outage.
  await readUntil(
    () => (Date.now() - openedAt > attention_after_ms ? outside.calls.length : 0),
    (calls) => calls >= before + 10,
  );
  outside.intercept = undefined;
  await expectAllSettledOnce(orderIds);
});

test('restarts during an outage longer than the attention bound cause no attention, with too few orders for the circuit', async () => {
  const { outside } = harness;
  const orderIds = await registerMany('restarted', 3);
  // Every operation is applied; its answer is the first that is missing.
  const applied = new Set<string>();
  outside.intercept = ({ path, order_id }, honest) => {
    if (!applied.has(order_id) && path !== '/update/cashback') return honest();
    if (path === '/update/cashback') honest();
    applied.add(order_id);
    return down;
  };
  const attention_after_ms = 2_000;
  for (let restart = 0; restart < 2; restart += 1) {
    const before = outside.calls.length;
    const startedAt = Date.now();
    await harness.startWorker({ attention_after_ms, transactions_circuit_calls: 1_000 });
    await readUntil(
      () => (Date.now() - startedAt > 1.5 * attention_after_ms ? outside.calls.length : 0),
      (calls) => calls >= before + 10,
    );
    await harness.stopWorkers();
    for (const orderId of orderIds) expect(await harness.order(orderId)).toMatchObject({ attention: null });
  }
  expect(applied.size).toBe(orderIds.length);
  outside.intercept = undefined;
  await harness.startWorker({ attention_after_ms });
  await expectAllSettledOnce(orderIds);
});

test('while the circuit is open the queue stands still, and a worker that is stopped then gives its orders back', async () => {
  const { outside } = harness;
  await harness.database.pool.query('DELETE FROM cashback_jobs.job');
  const orderIds = await registerMany('standing', 60);
  outside.intercept = () => down;
  const before = outside.calls.length;
  const worker = await harness.startWorker({
    batch_size: 10,
    batch_concurrency: 2,
    transactions_circuit_calls: CALLS,
    transactions_circuit_open_ms: 600_000,
    transactions_circuit_open_max_ms: 600_000,
  });
  await readUntil(
    () => circuitOf(worker),
    (circuit) => circuit === 'open',
  );
  // Every order that was called for is due for a poll, so no call is in flight.
  const called = () => new Set(outside.calls.slice(before).map(({ order_id }) => order_id)).size;
  await readUntil(
    () => countOrders(orderIds),
    ({ held, tried, queued }) => held === 20 && tried + held + queued === 60 && tried >= called(),
  );
  const calls = outside.calls.length;
  orderIds.push(...(await registerMany('later', 60)));
  // The two batches that were in hand when it opened may have ended, and two more are held; none behind them is fetched.
  expect((await countOrders(orderIds)).queued).toBeGreaterThanOrEqual(60 + 60 - 4 * 10);
  expect(outside.calls.length).toBe(calls);

  outside.intercept = undefined;
  await harness.stopWorkers();
  expect((await countOrders(orderIds)).held).toBe(0);
  expect(outside.calls.length).toBe(calls);
  await harness.database.pool.query(
    'UPDATE cashback.order_clears SET poll_at = now() WHERE poll_at IS NOT NULL',
  );
  await harness.startWorker();
  await expectAllSettledOnce(orderIds);
});
