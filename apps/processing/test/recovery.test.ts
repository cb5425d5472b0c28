import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { JOBS_SCHEMA } from '../src/queue.ts';
import { newOrder, paid } from './support/orders.ts';
import { type System, startSystem, token, urlOf } from './support/system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterEach(() => system.stopProcessing());
afterAll(() => system.stop());

/** Needs attention at its first attempt; the next one is an hour off. */
const AT_ONCE_AND_ONCE = {
  ATTENTION_AFTER_MS: '0',
  RETRY_BASE_MS: '3600000',
  RETRY_MAX_MS: '3600000',
  ATTENTION_RETRY_MAX_MS: '3600000',
};

const userRate = { source: 'user', rate: '0.1' } as const;

describe('a change whose callback is lost', () => {
  const env = { CATCH_UP_INTERVAL_MS: '50', CATCH_UP_PAGE_SIZE: '1', CATCH_UP_LAG_BOUND_MS: '0' };

  it('is found in the feed, page by page', async () => {
    const orders = [newOrder(system), newOrder(system), newOrder(system)];
    for (const order of orders) {
      await order.putRates(userRate);
      await order.create('cleared', paid('50'));
    }
    await system.startProcessing({ env });
    for (const order of orders) await order.untilTarget('5.0000', '0.0000');

    system.callbacks.connect(null);
    await orders[1]?.update(1, 'cleared', paid('30'));
    await orders[1]?.untilTarget('3.0000', '0.0000');
  });

  it('is found when the cursor is of another database', async () => {
    await system.startProcessing({ env });
    const before = newOrder(system);
    await before.create('held', paid('50'));
    await before.untilProcessed(1);
    await system.stopProcessing();

    const order = newOrder(system);
    await order.putRates(userRate);
    await order.create('cleared', paid('50'));
    await system.database.pool.query(`UPDATE processing.feed_cursors SET cursor = 'of another database'`);
    await system.startProcessing({ env });
    await order.untilTarget('5.0000', '0.0000');
  });
});

describe('an order without rates', () => {
  it('waits for them, and is registered once they arrive', async () => {
    await system.startProcessing();
    const order = newOrder(system);
    await order.create('cleared', paid('50'));
    await order.until({ processed_version: 0, waiting_since: expect.any(Date), attention: null });
    expect(await order.stored()).toBeNull();
    await order.putRates(userRate);
    await order.untilTarget('5.0000', '0.0000');
    await order.untilProcessed(1);
    expect(await order.row()).toMatchObject({ waiting_since: null, failures: 0 });
  });

  it('needs attention when it has waited for a long time, and is processed after the next change', async () => {
    await system.startProcessing({ env: { ATTENTION_AFTER_MS: '200' } });
    const order = newOrder(system);
    await order.create('cleared', paid('50'));
    await order.until({ attention: 'the order has no rates', processed_version: 0 });
    await order.putRates(userRate);
    await order.update(1, 'cleared', paid('60'));
    await order.untilTarget('6.0000', '0.0000');
    await order.untilProcessed(2);
  });

  it('needs attention when it has waited for a long time, and leaves it by itself when they arrive', async () => {
    await system.startProcessing({ env: { ATTENTION_AFTER_MS: '200' } });
    const order = newOrder(system);
    await order.create('cleared', paid('100.00'));
    await order.until({ attention: 'the order has no rates' });
    const { failures = 0 } = (await order.row()) ?? {};
    // Attempts go on, and do not take it out of attention without a reason.
    await order.untilFailures(failures + 2);
    await order.until({ attention: 'the order has no rates' });
    await order.putRates({ source: 'user', rate: '0.05' });
    await order.untilTarget('5.0000', '0.0000');
    await order.untilProcessed(1);
    expect(await order.row()).toMatchObject({ attention: null, failures: 0, waiting_since: null });
  });

  it('that was left in attention by a release that no longer attempts is processed when the rates arrive', async () => {
    await system.startProcessing();
    const order = newOrder(system);
    await order.create('cleared', paid('100.00'));
    await order.until({ waiting_since: expect.any(Date) });
    await system.stopProcessing();
    await order.putRates({ source: 'user', rate: '0.05' });
    await system.database.pool.query(`DELETE FROM ${JOBS_SCHEMA}.job`);
    await system.database.pool.query(
      `UPDATE processing.invoice_changes
       SET attention = 'the order has no rates', failures = 0, waiting_since = NULL, next_look_at = now() - interval '1 day'
       WHERE order_id = $1`,
      [order.order_id],
    );
    await system.startProcessing();
    await order.untilTarget('5.0000', '0.0000');
    await order.untilProcessed(1);
  });

  it('needs attention when it has waited for a long time, and is processed after it is resumed', async () => {
    const url = urlOf(await system.startProcessing({ env: AT_ONCE_AND_ONCE }));
    const order = newOrder(system);
    await order.create('cleared', paid('50'));
    await order.until({ attention: 'the order has no rates' });
    await order.putRates(userRate);
    const resumed = await fetch(`${url}/attention/resume`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token('processing')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ order_ids: [order.order_id, 'order-of-nobody'] }),
    });
    expect(await resumed.json()).toEqual({ order_ids: [order.order_id] });
    await order.untilTarget('5.0000', '0.0000');
  });
});

describe('an order whose rates are of another service', () => {
  it('needs attention', async () => {
    await system.startProcessing();
    const order = newOrder(system, 'green');
    await system.client.rates.put({ order_id: order.order_id, service: 'yellow', rates: [userRate] });
    await order.create('cleared', paid('50'));
    await order.until({ attention: 'the rates are of the service yellow, the invoice of green' });
  });
});

describe('an invoice that transactions shows at an older version than the server', () => {
  it('is retried until it needs attention, and overwrites nothing', async () => {
    await system.startProcessing({ env: { ATTENTION_AFTER_MS: '200' } });
    const order = newOrder(system);
    await order.putRates(userRate);
    const { user_id, wallet_id } = await order.create('held', paid('50'));
    const { order_id } = order;
    await system.client.register({
      order_id,
      user_id,
      wallet_id,
      service: 'yellow',
      currency: 'USD',
      invoice_version: 9,
      cleared_sum: '90',
      cashback_by_source: [{ source: 'user', value: '9' }],
    });
    await order.update(1, 'cleared', paid('50'));
    await order.until({ attention: 'the server has version 9 of the invoice, transactions shows version 2' });
    await order.untilTarget('9.0000', '0.0000');
  });
});

describe('while the server is down', () => {
  it('no order is lost or needs attention, and all are registered when it is up', async () => {
    await system.startProcessing();
    const orders = [newOrder(system), newOrder(system)];
    for (const order of orders) await order.putRates(userRate);
    const startServer = await system.stopServer();
    for (const order of orders) await order.create('cleared', paid('50'));
    for (const order of orders) {
      await order.untilFailures(2);
      expect(await order.row()).toMatchObject({ processed_version: 0, attention: null });
    }
    await startServer();
    for (const order of orders) await order.untilTarget('5.0000', '0.0000');
  });

  it('the loss of every job delays orders, and loses none', async () => {
    await system.startProcessing({ env: { OVERDUE_AFTER_MS: '300' } });
    const order = newOrder(system);
    await order.putRates(userRate);
    const startServer = await system.stopServer();
    await order.create('cleared', paid('50'));
    await order.untilFailures(1);
    await system.stopProcessing();
    await system.database.pool.query(`DELETE FROM ${JOBS_SCHEMA}.job`);
    await startServer();
    await system.startProcessing({ env: { OVERDUE_AFTER_MS: '300' } });
    await order.untilTarget('5.0000', '0.0000');
  });
});

describe('a token that the server does not know', () => {
  it('causes no attention: orders are retried until the token is known', async () => {
    await system.startProcessing({ env: { SERVER_TOKEN: token('nobody') } });
    const order = newOrder(system);
    await order.putRates(userRate);
    await order.create('cleared', paid('50'));
    await order.untilFailures(2);
    expect(await order.row()).toMatchObject({ processed_version: 0, attention: null });
    await system.stopProcessing();
    await system.startProcessing();
    await order.untilTarget('5.0000', '0.0000');
  });
});
