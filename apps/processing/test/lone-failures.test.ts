import { readUntil } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newOrder, paid } from './support/orders.ts';
import { type System, startSystem, token, urlOf } from './support/system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterEach(() => system.stopProcessing());
afterAll(() => system.stop());

const userRate = { source: 'user', rate: '0.1' } as const;
const env = { ATTENTION_AFTER_MS: '100', RETRY_BASE_MS: '20', RETRY_MAX_MS: '100' };
type Order = ReturnType<typeof newOrder>;

const query = (text: string) => system.database.pool.query(text);

async function orderOf(): Promise<Order> {
  const order = newOrder(system);
  await order.putRates(userRate);
  await order.create('cleared', paid('50'));
  return order;
}

/** The server cannot store these orders, and has no error for that. */
async function failFor(orders: readonly Order[] | 'all'): Promise<void> {
  const condition =
    orders === 'all' ? 'true' : `NEW.order_id IN (${orders.map(({ order_id }) => `'${order_id}'`).join()})`;
  await query(`CREATE FUNCTION cashback.fail_for() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF ${condition} THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$`);
  await query(`CREATE TRIGGER fail_for BEFORE INSERT OR UPDATE ON cashback.order_clears
    FOR EACH ROW EXECUTE FUNCTION cashback.fail_for()`);
}

const failNoMore = () => query('DROP FUNCTION cashback.fail_for CASCADE');

describe('an order whose attempts fail', () => {
  it('needs attention after a time while other orders succeed, and leaves it by itself', async () => {
    const url = urlOf(await system.startProcessing({ env }));
    const others = await Promise.all([orderOf(), orderOf(), orderOf()]);
    for (const other of others) await other.untilProcessed(1);
    const order = newOrder(system);
    await failFor([order]);
    await order.putRates(userRate);
    await order.create('cleared', paid('50'));
    const failing = await readUntil(
      async () => {
        await fetch(`${url}/reconcile`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token('processing')}`, 'content-type': 'application/json' },
          body: JSON.stringify({ order_ids: others.map(({ order_id }) => order_id) }),
        });
        return order.row();
      },
      (row) => (row?.attention ?? null) !== null,
    );
    expect(failing).toMatchObject({
      attention: expect.stringContaining('internal error'),
      processed_version: 0,
    });
    const { rows } = await system.database.pool.query(
      'SELECT attention_code FROM processing.invoice_changes WHERE order_id = $1',
      [order.order_id],
    );
    expect(rows).toEqual([{ attention_code: 'attempts_failed' }]);
    await failNoMore();
    await order.untilProcessed(1);
    expect(await order.row()).toMatchObject({ attention: null, failures: 0 });
    // One that is processed later would be a success beside the failures of the next test.
    for (const other of others) await other.untilAnswered();
  });

  it('never needs attention while every order fails', async () => {
    await system.startProcessing({ env });
    await failFor('all');
    const orders = await Promise.all([orderOf(), orderOf(), orderOf()]);
    for (const order of orders) {
      await readUntil(order.row, (row) => (row?.failures ?? 0) > 5);
    }
    for (const order of orders) expect(await order.row()).toMatchObject({ attention: null });
    await failNoMore();
    for (const order of orders) await order.untilProcessed(1);
  });
});
