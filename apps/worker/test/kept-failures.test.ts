import { loadChargeOrders, makeDue } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLoneFailures } from '../src/reconcile/lone-failures.ts';
import { type Harness, createHarness, newOrderId, testLog } from './support/harness.ts';
import { limits } from './support/step-builders.ts';

let harness: Harness;

beforeAll(async () => {
  // No worker runs here: the steps of the orders are those of the tests.
  harness = await createHarness();
});
afterAll(() => harness.stop());

/** As a worker is that has just started. */
const startedWorker = () => createLoneFailures({ database: harness.database, limits, log: testLog });

async function registered(): Promise<string> {
  const orderId = newOrderId('failing');
  await harness.register(orderId, '10');
  return orderId;
}

async function seen(orderId: string) {
  const order = (await loadChargeOrders(harness.database.pool, [orderId])).get(orderId);
  if (order === undefined) throw new Error(`order ${orderId} is gone`);
  return order;
}

const change = (orderId: string, columns: string) =>
  harness.database.pool.query(`UPDATE cashback.order_clears SET ${columns} WHERE order_id = $1`, [orderId]);

const bug = new Error('the reward has an amount of ten');

describe('a step that fails with an error of ours', () => {
  test('counts time against its order in every process, and needs attention in the one that comes last', async () => {
    const orderId = await registered();
    await startedWorker().stepFailed(await seen(orderId), bug);
    expect(await seen(orderId)).toMatchObject({ waited_ms: 0, attention: null });
    await change(orderId, `answered_at = now() - interval '10 s'`);
    await startedWorker().stepFailed(await seen(orderId), bug);
    const { waited_ms, attention } = await seen(orderId);
    expect(waited_ms).toBeGreaterThanOrEqual(10_000);
    expect(attention).toBeNull();
    await change(orderId, `waited_ms = ${limits.attention_after_ms}, answered_at = now() - interval '10 s'`);
    await startedWorker().stepFailed(await seen(orderId), bug);
    expect(await seen(orderId)).toMatchObject({
      attention: `the worker cannot process it: ${bug.message}`,
      attention_code: 'attempts_failed',
    });
  });

  test('leaves an order due that was asked for after it began', async () => {
    const orderId = await registered();
    await change(orderId, `waited_ms = ${limits.attention_after_ms + 1}`);
    const before = await seen(orderId);
    await withTransaction(harness.database, (tx) => makeDue(tx, [orderId], 'reconcile'));
    await startedWorker().stepFailed(before, bug);
    expect(await isDue(orderId)).toBe(true);
    await startedWorker().stepFailed(await seen(orderId), bug);
    expect(await isDue(orderId)).toBe(false);
  });
});

async function isDue(orderId: string): Promise<boolean> {
  const { rows } = await harness.database.pool.query<{ is_due: boolean; attention_code: string }>(
    'SELECT poll_at <= now() AS is_due, attention_code FROM cashback.order_clears WHERE order_id = $1',
    [orderId],
  );
  expect(rows).toMatchObject([{ attention_code: 'attempts_failed' }]);
  return rows[0]?.is_due === true;
}

test('a step that fails as those of all orders do, or with an error of the database, counts nothing', async () => {
  const orderId = await registered();
  await change(orderId, `waited_ms = ${limits.attention_after_ms + 1}, answered_at = now()`);
  const worker = startedWorker();
  const failure = Object.assign(new Error('could not extend file'), { code: '53100' });
  await worker.stepFailed(await seen(orderId), failure);
  await worker.stepFailed(await seen(await registered()), failure);
  await worker.stepFailed(await seen(orderId), failure);
  expect(await seen(orderId)).toMatchObject({ waited_ms: limits.attention_after_ms + 1, attention: null });
});
