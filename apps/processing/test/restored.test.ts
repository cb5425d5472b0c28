import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { untilEqual } from '@cashback/testing';
import { newOrder, paid } from './support/orders.ts';
import { type System, startSystem, token, urlOf } from './support/system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterEach(() => system.stopProcessing());
afterAll(() => system.stop());

const userRate = { source: 'user', rate: '0.1' } as const;

describe('transactions restored from a backup', () => {
  const env = { CATCH_UP_INTERVAL_MS: '50', CATCH_UP_LAG_BOUND_MS: '0' };
  type Order = ReturnType<typeof newOrder>;

  /** An order with 8.0000 at version 2, whose invoice then goes back to version 1. */
  async function restored(): Promise<Order> {
    const order = newOrder(system);
    await order.putRates(userRate);
    await order.create('held', paid('80'));
    await order.update(1, 'cleared', paid('80'));
    await order.untilTarget('8.0000', '0.0000');
    await order.untilProcessed(2);
    // The test plays the restore of a backup that was made before version 2.
    const { pool } = system.database;
    await pool.query(`UPDATE transactions.invoices SET version = 1, status = 'held' WHERE invoice_id = $1`, [
      order.order_id,
    ]);
    const text = 'DELETE FROM transactions.invoice_history WHERE invoice_id = $1 AND version > 1';
    await pool.query(text, [order.order_id]);
    return order;
  }
  const startEpoch = () =>
    system.database.pool.query(
      'INSERT INTO transactions.feed_epochs (epoch) SELECT max(epoch) + 1 FROM transactions.feed_epochs',
    );

  it('and versions issued again with other content: the change is processed, its callback being lost', async () => {
    await system.startProcessing({ env });
    const order = await restored();
    await startEpoch();
    system.callbacks.connect(null);
    await order.update(1, 'cancelled', []);
    await order.untilTarget('0.0000', '0.0000');
    await order.until({ processed_version: 2 });
    expect(await order.stored()).toMatchObject({ invoice_version: 2, revision: 2 });
  });

  it('and a version below the stored one: its target replaces the earlier one', async () => {
    await system.startProcessing({ env });
    const order = newOrder(system);
    await order.putRates(userRate);
    await order.create('cleared', paid('50'));
    await order.update(1, 'cleared', paid('80'));
    await order.update(2, 'cleared', paid('90'));
    await order.untilTarget('9.0000', '0.0000');
    await order.untilProcessed(3);
    const payments = JSON.stringify(paid('50'));
    await system.database.pool.query(
      'UPDATE transactions.invoices SET version = 1, payments = $2 WHERE invoice_id = $1',
      [order.order_id, payments],
    );
    await startEpoch();
    // Nothing changes the invoice again: the new epoch alone has the feed read from its beginning.
    await order.untilTarget('5.0000', '0.0000');
    const { invoice_epoch, invoice_version } = (await order.stored()) ?? {};
    expect(invoice_epoch).toBeGreaterThan(1);
    expect(invoice_version).toBe(1);
  });

  it('without a new epoch: the same version with other content is processed after its callback', async () => {
    await system.startProcessing();
    const order = await restored();
    await order.update(1, 'cancelled', []);
    await order.untilTarget('0.0000', '0.0000');
  });

  it('in another cluster, whose transaction ids start over: the feed is read again, and the route shows it', async () => {
    const url = urlOf(await system.startProcessing({ env: { ...env, CATCH_UP_PAGE_SIZE: '1' } }));
    const headers = { authorization: `Bearer ${token('processing')}` };
    const feeds = async (): Promise<{ reads_again: boolean; lag_ms: number | null }[]> =>
      ((await (await fetch(`${url}/feeds`, { headers })).json()) as { feeds: never[] }).feeds;
    await untilEqual(async () => (await feeds())[0]?.reads_again, false);
    await system.stopProcessing();

    const order = newOrder(system);
    await order.putRates(userRate);
    await order.create('cleared', paid('50'));
    // A cursor of the newest epoch that is ahead of everything here.
    await system.database.pool.query(
      `UPDATE processing.feed_cursors SET cursor = epoch || '.9999999999.1', caught_up_at = NULL`,
    );
    await system.startProcessing({ env });
    await order.untilTarget('5.0000', '0.0000');
    const text = 'SELECT reads_again, caught_up_at IS NOT NULL AS caught_up FROM processing.feed_cursors';
    await untilEqual(
      async () => (await system.database.pool.query(text)).rows,
      [{ reads_again: false, caught_up: true }],
    );
  });
});
