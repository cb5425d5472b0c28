import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newOrder, paid } from './support/orders.ts';
import { type System, serviceConfigs, startSystem, token, urlOf } from './support/system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterEach(() => system.stopProcessing());
afterAll(() => system.stop());

const userRate = { source: 'user', rate: '0.055' } as const;
type Order = ReturnType<typeof newOrder>;

async function post(url: string, body: object, bearer = token('processing')): Promise<Response> {
  return fetch(`${url}/reconcile`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

interface DriftShown {
  order_id: string;
  class: string;
  before: { config_hash?: string } | null;
  after: { config_hash?: string } | null;
}

async function driftsOf(url: string, { order_id }: Order): Promise<DriftShown[]> {
  const headers = { authorization: `Bearer ${token('processing')}` };
  const listed = await fetch(`${url}/drifts?limit=1000`, { headers });
  const { drifts } = (await listed.json()) as { drifts: DriftShown[] };
  return drifts.filter((drift) => drift.order_id === order_id);
}

/** A register by another caller, of another target for the same version of the invoice. */
async function moveTarget(order: Order): Promise<void> {
  const stored = await order.stored();
  if (stored === null) throw new Error('the order was never registered');
  const { order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, revision } = stored;
  const fields = { order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum };
  await system.client.register({
    ...fields,
    expected_revision: revision,
    cashback_by_source: [{ source: 'user', value: '99' }],
  });
}

async function processedOrder(): Promise<Order> {
  const order = newOrder(system);
  await order.putRates(userRate);
  await order.create('cleared', paid('10.1'));
  // 10.1 x 0.055 = 0.5555, half to even.
  await order.untilTarget('0.5600', '0.0000');
  await order.untilProcessed(1);
  return order;
}

describe('the settings of an order', () => {
  it('are those that it began with, after CASHBACK_SERVICES changed and after its service was removed', async () => {
    await system.startProcessing();
    const order = await processedOrder();
    await system.stopProcessing();

    await system.startProcessing({ services: { yellow: { ...serviceConfigs.yellow, rounding_step: '1' } } });
    await order.update(1, 'cleared', paid('20.2'));
    // 1.1110, not 1.
    await order.untilTarget('1.1100', '0.0000');
    const later = newOrder(system);
    await later.putRates(userRate);
    await later.create('cleared', paid('20.2'));
    await later.untilTarget('1.0000', '0.0000');
    await later.untilProcessed(1);

    await system.stopProcessing();
    await system.startProcessing({ services: { yellow: undefined } });
    await order.update(2, 'cleared', paid('30.3'));
    // 1.6665, by the settings that are in the archive only.
    await order.untilTarget('1.6700', '0.0000');

    // The rows of the inbox are lost: the receipts at the server name the settings, too.
    await system.database.pool.query('UPDATE processing.invoice_changes SET config_hash = NULL');
    await order.update(3, 'cleared', paid('10.1'));
    await order.untilTarget('0.5600', '0.0000');
  });
});

describe('POST /reconcile', () => {
  it('brings a moved target back, by ids, and changes nothing the second time', async () => {
    const url = urlOf(await system.startProcessing());
    const order = await processedOrder();
    await moveTarget(order);
    const answer = await post(url, { order_ids: [order.order_id, order.order_id] });
    expect(await answer.json()).toEqual({ enqueued: 1, after: null });
    await order.untilTarget('0.5600', '0.0000');
    const { revision } = (await order.stored()) ?? {};
    await post(url, { order_ids: [order.order_id] });
    await order.untilAnswered();
    expect((await order.stored())?.revision).toBe(revision);
    expect(await driftsOf(url, order)).toMatchObject([
      {
        class: 'target_differs',
        before: { version: 1, target: [{ source: 'user', value: '99.0000' }, {}] },
        after: { version: 1, target: [{ source: 'user', value: '0.5600' }, {}] },
        found_by: 'reconcile',
        healed: true,
      },
    ]);
  });

  it('reports settings that have changed since, once, and applies none', async () => {
    await system.startProcessing();
    const order = await processedOrder();
    await system.stopProcessing();
    const services = { yellow: { ...serviceConfigs.yellow, rounding_step: '0.1' } };
    const url = urlOf(await system.startProcessing({ services }));
    for (let time = 0; time < 2; time += 1) {
      await post(url, { order_ids: [order.order_id] });
      await order.untilAnswered();
    }
    await order.untilTarget('0.5600', '0.0000');
    const drifts = await driftsOf(url, order);
    expect(drifts).toMatchObject([{ class: 'settings_differ', healed: false }]);
    expect(drifts[0]?.before?.config_hash).not.toBe(drifts[0]?.after?.config_hash);
  });

  it('finds the orders that changed since a time, a page at a time', async () => {
    const url = urlOf(await system.startProcessing());
    const before = await processedOrder();
    // Not in the millisecond in which the last row was written.
    const since = new Date(Date.now() + 1).toISOString();
    const orders = [await processedOrder(), await processedOrder()];
    for (const order of [before, ...orders]) await moveTarget(order);
    let after: string | null = '';
    let enqueued = 0;
    for (let page = 0; after !== null && page < 100; page += 1) {
      const body = { changed_since: since, limit: 1, ...(after !== '' && { after }) };
      const answer = (await (await post(url, body)).json()) as { enqueued: number; after: string | null };
      enqueued += answer.enqueued;
      ({ after } = answer);
    }
    expect(after).toBeNull();
    expect(enqueued).toBe(2);
    for (const order of orders) await order.untilTarget('0.5600', '0.0000');
    await before.untilTarget('99.0000', '0.0000');
  });

  it('takes no page of touched orders while many are due, and the orders that a person names at any time', async () => {
    const url = urlOf(await system.startProcessing());
    const { pool } = system.database;
    // Their last attempts failed at a side that is down.
    await pool.query(
      `INSERT INTO processing.invoice_changes (order_id, service, seen_version, failures, next_look_at)
       SELECT 'waiting-' || n, 'yellow', 1, 1, now() + interval '1 hour' FROM generate_series(1, 200) AS n`,
    );
    const refused = await post(url, { changed_since: new Date().toISOString() });
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'OVERLOADED' } }]);
    expect((await post(url, { order_ids: ['waiting-1'] })).status).toBe(200);
    await pool.query("DELETE FROM processing.invoice_changes WHERE order_id LIKE 'waiting-%'");
  });

  it('registers an order that the server lost, and one that the inbox does not know', async () => {
    const url = urlOf(await system.startProcessing());
    const lost = await processedOrder();
    const { pool } = system.database;
    for (const table of ['events', 'order_clears']) {
      await pool.query(`DELETE FROM cashback.${table} WHERE order_id = $1`, [lost.order_id]);
    }
    const unknown = newOrder(system);
    await unknown.putRates(userRate);
    system.callbacks.connect(null);
    await unknown.create('cleared', paid('10.1'));
    await post(url, { order_ids: [lost.order_id, unknown.order_id] });
    await lost.untilTarget('0.5600', '0.0000');
    await unknown.untilTarget('0.5600', '0.0000');
    await lost.untilAnswered();
    expect(await driftsOf(url, lost)).toMatchObject([
      { class: 'version_behind', before: null, healed: true },
    ]);
  });

  it('needs its scope, and says what it expects', async () => {
    const url = urlOf(await system.startProcessing());
    expect((await post(url, { order_ids: ['order-1'] }, 'nobody')).status).toBe(401);
    for (const body of [{}, { order_ids: ['order-1'], changed_since: new Date().toISOString() }]) {
      const refused = await post(url, body);
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ error: { issues: [{ path: 'order_ids' }] } });
    }
    const many = await post(url, {
      order_ids: Array.from({ length: 1_001 }, (_, index) => `order-${index}`),
    });
    expect(many.status).toBe(400);
  });
});
