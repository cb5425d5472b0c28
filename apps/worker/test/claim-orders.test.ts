import { type Database, openDatabase } from '@cashback/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimDue } from '../src/schedule/claim-orders.ts';
import { sweepOrders } from '../src/schedule/sweep-orders.ts';
import { type Harness, createHarness, newOrderId, testLog } from './support/harness.ts';

let harness: Harness;
/** Of the worker's role. */
let database: Database;

beforeAll(async () => {
  harness = await createHarness();
  database = openDatabase({
    url: harness.test_database.url,
    role: 'cashback_worker',
    application_name: 'claim-test',
    log_error: () => {},
  });
});
afterAll(async () => {
  await database?.close();
  await harness?.stop();
});

/** Orders that are due, the first one for longest. */
async function due(name: string, count: number, columns: string): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const orderId = newOrderId(name);
    await harness.register(orderId, '10');
    await harness.database.pool.query(
      `UPDATE cashback.order_clears SET ${columns} + $2 * interval '1 second' WHERE order_id = $1`,
      [orderId, index],
    );
    ids.push(orderId);
  }
  return ids;
}

async function claimed(limit: number, needing_attention: number): Promise<string[]> {
  const orders = await claimDue(database, { without: [], limit, needing_attention, lease_ms: 60_000 });
  return orders.map(({ order_id }) => order_id).toSorted();
}

test('live orders are claimed before those that need attention, which have a share of their own', async () => {
  const stopped = await due('stopped', 4, `attention = 'a reason', poll_at = now() - interval '1 day'`);
  const live = await due('live', 4, `poll_at = now() - interval '1 minute'`);
  expect(await claimed(2, 0)).toEqual(live.slice(0, 2));
  expect(await claimed(2, 1)).toEqual([live[2], stopped[0]]);
  // The room that live orders leave is theirs.
  expect(await claimed(3, 0)).toEqual([live[3], stopped[1], stopped[2]]);
  expect(await claimed(3, 3)).toEqual([stopped[3]]);
});

test('orders without a time or a job get one while orders that need attention are due', async () => {
  await due('stopped', 1, `attention = 'a reason', poll_at = now() - interval '1 day'`);
  const orderId = newOrderId('forgotten');
  await harness.register(orderId, '10');
  await harness.database.pool.query('DELETE FROM cashback_jobs.job');
  await harness.database.pool.query(
    `UPDATE cashback.order_clears SET next_charge_at = now() - interval '1 hour' WHERE order_id = $1`,
    [orderId],
  );
  const context = { database, jobs: harness.jobs, log: testLog };
  await sweepOrders(context, { grace_ms: 60_000, page_size: 1, job_max_age_ms: 600_000 });
  expect((await harness.order(orderId)).due_by).toBe('sweep');
});
