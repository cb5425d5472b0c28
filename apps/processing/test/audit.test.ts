import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { untilEqual, waitUntil } from '@cashback/testing';
import { newOrder, paid } from './support/orders.ts';
import { gives, startShop } from './support/shop.ts';
import {
  type InstanceOptions,
  type System,
  serviceConfigs,
  startSystem,
  token,
  urlOf,
} from './support/system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterEach(() => system.stopProcessing());
afterAll(() => system.stop());

const userRate = { source: 'user', rate: '0.1' } as const;
type Order = ReturnType<typeof newOrder>;

async function start(options: InstanceOptions = {}): Promise<string> {
  return urlOf(await system.startProcessing(options));
}

async function processedOrder(service?: string): Promise<Order> {
  const order = newOrder(system, service);
  await order.putRates(userRate);
  await order.create('cleared', paid('50'));
  await order.untilProcessed(1);
  return order;
}

const query = (text: string, ...values: unknown[]) => system.database.pool.query(text, values);

/** Audits are due when a test says so: those of the orders are due at once, the last one for longest. */
const makeDue = (...orders: Order[]) =>
  query(
    `UPDATE processing.invoice_changes SET audit_at = now() - place * interval '1 minute'
     FROM unnest($1::text[]) WITH ORDINALITY AS due (id, place) WHERE order_id = id`,
    orders.map(({ order_id }) => order_id),
  );

async function auditOf(order: Order) {
  const text = `SELECT audit_step, audit_at, hints, answered_hints, attention
    FROM processing.invoice_changes WHERE order_id = $1`;
  const { rows } = await query(text, order.order_id);
  return rows[0];
}

/** The audit that is due is over. */
async function audited(order: Order): Promise<void> {
  const before = await auditOf(order);
  await makeDue(order);
  await waitUntil('the audit has ended', async () => {
    const { audit_step, hints, answered_hints } = await auditOf(order);
    return audit_step === before.audit_step + 1 && hints === answered_hints;
  });
}

/** How often each answer of register came. */
async function answersOf(order: Order) {
  const text = 'SELECT registered, unchanged FROM processing.invoice_changes WHERE order_id = $1';
  return (await query(text, order.order_id)).rows[0];
}

async function driftsOf(order: Order) {
  const text = `SELECT class, before, after, found_by, healed FROM processing.drifts
    WHERE order_id = $1 ORDER BY drift_id`;
  return (await query(text, order.order_id)).rows;
}

/** A register by another caller, of another target for the same version of the invoice. */
async function setTarget(order: Order, value: string): Promise<void> {
  const stored = await order.stored();
  if (stored === null) throw new Error('the order was never registered');
  const { order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, revision } = stored;
  const fields = { order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum };
  await system.client.register({
    ...fields,
    expected_revision: revision,
    cashback_by_source: [{ source: 'user', value }],
  });
}

describe('an audit', () => {
  it('brings a moved target back without a request, and a second one finds nothing to do', async () => {
    await start();
    const order = await processedOrder();
    await setTarget(order, '99');
    await audited(order);
    await order.untilTarget('5.0000', '0.0000');
    const healed = await order.stored();
    const drifts = await driftsOf(order);
    expect(drifts).toEqual([
      {
        class: 'target_differs',
        before: {
          epoch: 1,
          version: 1,
          target: expect.arrayContaining([{ source: 'user', value: '99.0000' }]),
        },
        after: {
          epoch: 1,
          version: 1,
          target: expect.arrayContaining([{ source: 'user', value: '5.0000' }]),
        },
        found_by: 'audit',
        healed: true,
      },
    ]);
    const row = await auditOf(order);
    const { registered, unchanged } = await answersOf(order);
    expect(registered).toBe(2);

    await audited(order);
    expect(await driftsOf(order)).toEqual(drifts);
    // Not even registered again: that would be a request to the worker.
    expect(await order.stored()).toEqual(healed);
    expect(await answersOf(order)).toMatchObject({ registered, unchanged });
    expect((await auditOf(order)).audit_at > row.audit_at).toBe(true);
  });

  it('registers an order again that the server lost', async () => {
    await start();
    const order = await processedOrder();
    for (const table of ['events', 'order_clears']) {
      await query(`DELETE FROM cashback.${table} WHERE order_id = $1`, order.order_id);
    }
    await audited(order);
    await order.untilTarget('5.0000', '0.0000');
    expect(await driftsOf(order)).toMatchObject([
      { class: 'version_behind', before: null, after: { version: 1 }, found_by: 'audit', healed: true },
    ]);
  });

  it('processes a change of the invoice that neither a callback nor the feed has brought', async () => {
    await start();
    const order = await processedOrder();
    system.callbacks.connect(null);
    await order.update(1, 'cleared', paid('80'));
    await makeDue(order);
    await order.untilTarget('8.0000', '0.0000');
    await order.untilProcessed(2);
    expect(await driftsOf(order)).toEqual([]);
    expect(await auditOf(order)).toMatchObject({ audit_step: 0 });
  });

  it('recalculates by the settings that the order began with and reports that others are in force now, once', async () => {
    await start();
    const order = await processedOrder();
    await system.stopProcessing();
    await start({ services: { yellow: { ...serviceConfigs.yellow, max_share: '0.01' } } });
    await audited(order);
    await audited(order);
    expect(await driftsOf(order)).toMatchObject([
      { class: 'settings_differ', found_by: 'audit', healed: false },
    ]);
    await order.untilTarget('5.0000', '0.0000');
  });

  it("takes the service's answer that the order was calculated with, and does not ask again", async () => {
    const shop = await startShop();
    shop.answer = () => gives('7');
    const green = { ...serviceConfigs.green, url: shop.url, url_timeout_ms: 30_000 };
    await start({ services: { green }, env: { SERVICE_URL_TOKENS: `green=${token('green')}` } });
    const order = await processedOrder('green');
    await order.untilTarget('5.0000', '7.0000');
    shop.answer = () => gives('9');
    await audited(order);
    await order.untilTarget('5.0000', '7.0000');
    expect(shop.questions).toHaveLength(1);
    expect(await driftsOf(order)).toEqual([]);
    await system.stopProcessing();
    await shop.stop();
  });

  it('reports an invoice that is gone, once, and changes nothing; the order goes on when it is back', async () => {
    await start({ env: { ATTENTION_AFTER_MS: '100' } });
    const order = await processedOrder();
    const stored = await order.stored();
    const move = (from: string, to: string) =>
      query(`UPDATE transactions.invoices SET invoice_id = $2 WHERE invoice_id = $1`, from, to);
    await move(order.order_id, `${order.order_id}-gone`);
    await makeDue(order);
    await order.until({ attention: expect.stringContaining('INVOICE_NOT_FOUND') as string });
    expect(await driftsOf(order)).toEqual([
      {
        class: 'invoice_missing',
        before: { epoch: 1, version: 1 },
        after: null,
        found_by: 'audit',
        healed: false,
      },
    ]);
    await move(`${order.order_id}-gone`, order.order_id);
    await order.untilProcessed(1);
    expect(await driftsOf(order)).toHaveLength(1);
    // The end of the need is reported behind the attempt.
    await untilEqual(() => order.stored(), stored);
  });

  it("reports an invoice of another payee, once, and does not change the order's", async () => {
    await start();
    const order = await processedOrder();
    const stored = await order.stored();
    const giveTo = (wallet: string | undefined) =>
      query('UPDATE transactions.invoices SET wallet_id = $2 WHERE invoice_id = $1', order.order_id, wallet);
    await giveTo('another');
    await makeDue(order);
    await order.until({ attention: expect.stringContaining('IMMUTABLE_FIELD') as string });
    const { user_id, wallet_id, currency } = stored ?? {};
    expect(await driftsOf(order)).toEqual([
      {
        class: 'payee_differs',
        before: { user_id, wallet_id, currency },
        after: { user_id, wallet_id: 'another', currency },
        found_by: 'audit',
        healed: false,
      },
    ]);
    // It is attempted on, and leaves attention by itself.
    await giveTo(wallet_id);
    await order.untilProcessed(1);
    expect(await driftsOf(order)).toHaveLength(1);
    // The end of the need is reported behind the attempt.
    await untilEqual(() => order.stored(), stored);
  });
});

describe('audits', () => {
  it('run on schedule until their end', async () => {
    await start({ env: { AUDIT_DISTANCES: '10ms,20ms', AUDIT_END_MS: '50' } });
    const order = await processedOrder();
    // After 10, 30 and 50 ms.
    await waitUntil('three audits are over', async () => {
      const { audit_step, audit_at, hints, answered_hints } = await auditOf(order);
      return audit_step === 3 && audit_at === null && hints === answered_hints;
    });
  });

  it('reach an order that an earlier release finished without a time for them', async () => {
    await start();
    const order = await processedOrder();
    await setTarget(order, '99');
    await query(
      `UPDATE processing.invoice_changes
       SET audit_at = NULL, audit_step = 0, brought_by = NULL, updated_at = now() - interval '1 year' WHERE order_id = $1`,
      order.order_id,
    );
    await order.untilTarget('5.0000', '0.0000');
    // Recorded behind the register.
    await waitUntil('the drift is recorded', async () => (await driftsOf(order)).length > 0);
    expect(await driftsOf(order)).toMatchObject([
      { class: 'target_differs', found_by: 'audit', healed: true },
    ]);
  });

  it('go on beside an order that fails for a reason of its own', async () => {
    await start({ env: { AUDITS_PER_SECOND: '1' } });
    const [failing, order] = [await processedOrder(), await processedOrder()];
    await query(
      `UPDATE processing.invoice_changes
       SET failures = 100, hints = hints + 1, next_look_at = now() + interval '1 hour' WHERE order_id = $1`,
      failing.order_id,
    );
    await audited(order);
  });

  it('go on while more orders that need attention are due than they wait for', async () => {
    await start({ env: { AUDITS_PER_SECOND: '1', OVERDUE_AFTER_MS: '3600000' } });
    const order = await processedOrder();
    await query(
      `INSERT INTO processing.invoice_changes (order_id, service, seen_version, attention, next_look_at)
       SELECT 'stopped-' || n, 'yellow', 1, 'a reason', now() - interval '1 minute' FROM generate_series(1, 1100) AS n`,
    );
    await audited(order);
    await query(`DELETE FROM processing.invoice_changes WHERE order_id LIKE 'stopped-%'`);
  });

  it('are as late as /health says while an upstream fails, and none is added to those that wait', async () => {
    const url = await start({ env: { AUDITS_PER_SECOND: '2' } });
    const orders: Order[] = [];
    for (let index = 0; index < 5; index += 1) orders.push(await processedOrder());
    const startServer = await system.stopServer();
    await makeDue(...orders);
    const waiting = async (): Promise<Order[]> => {
      const rows = await Promise.all(orders.map(auditOf));
      return orders.filter((_, index) => rows[index].audit_step === 1);
    };
    await waitUntil('a page is audited', async () => (await waiting()).length > 0);
    for (const order of orders.slice(3)) {
      await waitUntil('its attempts fail', async () => ((await order.row())?.failures ?? 0) > 1);
    }
    // The longest due first.
    expect(await waiting()).toEqual(orders.slice(3));
    const { audits } = (await (await fetch(`${url}/health`)).json()) as { audits: { lag_ms: number } };
    expect(audits.lag_ms).toBeGreaterThan(180_000);
    await startServer();
    await waitUntil('all are audited', async () => (await waiting()).length === 5);
  });
});
