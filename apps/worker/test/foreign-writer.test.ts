import { chargeKey, resumeOrders } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
  await harness.startWorker();
});
afterAll(() => harness.stop());

const target = [{ source: 'user' as const, amount: '10.0000' }];
const foreign = [{ source: 'user' as const, amount: '2.0000' }];
const HEALS = 3;

/** As another caller of `transactions` would, at once and without us. */
function writeForeign(orderId: string): void {
  const cashback = harness.outside.cashback(orderId);
  const operations = [{ operation_id: 'foreign', status: 'success' as const, reward: foreign }];
  Object.assign(cashback, { rewarded: foreign, version: cashback.version + 2, operations });
}

async function bringUp(orderId: string): Promise<void> {
  await harness.enqueue(chargeKey(orderId), { order_id: orderId });
}

/** Settled with another writer's changes healed as often as a day allows, and then changed once more. */
async function fight(name: string): Promise<string> {
  const orderId = newOrderId(name);
  harness.outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  for (let heal = 1; heal <= HEALS; heal += 1) {
    writeForeign(orderId);
    await bringUp(orderId);
    await readUntil(
      () => harness.operations(orderId),
      (rows) => rows.length === heal + 1,
    );
    await harness.untilSettled(orderId);
  }
  writeForeign(orderId);
  await bringUp(orderId);
  await readUntil(
    () => harness.order(orderId),
    ({ attention_code }) => attention_code === 'foreign_writer',
  );
  return orderId;
}

async function drifts(orderId: string): Promise<unknown[]> {
  const { rows } = await harness.database.pool.query(
    `SELECT class, before, after, found_by, healed FROM cashback.drifts WHERE order_id = $1 ORDER BY drift_id`,
    [orderId],
  );
  return rows;
}

test('an order that another writer keeps changing needs attention after three heals, and settles once that has stopped for a day', async () => {
  const { outside, database } = harness;
  const orderId = await fight('fought-over');
  const drift = {
    class: 'rewarded_differs',
    before: { target, rewarded: target },
    after: { target, rewarded: foreign },
    found_by: 'job',
  };
  expect(await drifts(orderId)).toEqual([
    ...Array.from({ length: HEALS }, () => ({ ...drift, healed: true })),
    { ...drift, class: 'foreign_writer', healed: false },
  ]);
  const order = await harness.order(orderId);
  expect(order.settled_revision).toBeLessThan(order.revision);

  const asked = outside.retrieves(orderId);
  await readUntil(
    () => outside.retrieves(orderId),
    (count) => count > asked + 2,
  );
  expect(await harness.operations(orderId)).toHaveLength(HEALS + 1);
  expect(await harness.order(orderId)).toMatchObject({ attention_code: 'foreign_writer' });

  await database.pool.query(
    `UPDATE cashback.order_clears SET healed_since = healed_since - interval '1 day' WHERE order_id = $1`,
    [orderId],
  );
  await harness.untilSettled(orderId);
  expect(await harness.order(orderId)).toMatchObject({ attention: null, attention_code: null });
  expect(outside.cashback(orderId).rewarded).toEqual(target);
  expect(await harness.operations(orderId)).toHaveLength(HEALS + 2);
});

test('only a resume, not an unchanged register, resets the heal limit', async () => {
  const orderId = await fight('registered-again');
  const before = await harness.order(orderId);
  const asked = harness.outside.retrieves(orderId);
  await harness.register(orderId, '10');
  await readUntil(
    () => harness.outside.retrieves(orderId),
    (count) => count > asked + 2,
  );
  const { attention_code, attention_since, heals } = before;
  expect(await harness.order(orderId)).toMatchObject({ attention_code, attention_since, heals });
  expect(await harness.operations(orderId)).toHaveLength(HEALS + 1);

  await withTransaction(harness.database, (tx) => resumeOrders(tx, [orderId], { by_person: true }));
  await harness.untilSettled(orderId);
  expect(harness.outside.cashback(orderId).rewarded).toEqual(target);
  expect(await harness.order(orderId)).toMatchObject({ attention: null, heals: 0 });
});
