import { signCallback } from '@cashback/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newOrder, paid } from './support/orders.ts';
import { type System, invoiceSecret, serviceConfigs, startSystem, token, urlOf } from './support/system.ts';

let system: System;
let url: string;

beforeAll(async () => {
  system = await startSystem();
  url = urlOf(await system.startProcessing());
});
afterAll(() => system.stop());

const rates = [
  { source: 'user', rate: '0.05' },
  { source: 'service', rate: '0.02', max_value: '1.5' },
] as const;

/** A callback as transactions would sign it. */
function callback(body: object, secret = invoiceSecret): Promise<Response> {
  const text = JSON.stringify(body);
  const signature = signCallback(secret, { id: 'callback-1', body: text, now: new Date() });
  return fetch(`${url}/callbacks/invoice`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signature },
    body: text,
  });
}

describe('a change of an invoice', () => {
  it('is registered with the calculated cashback by source, and its receipt', async () => {
    const order = newOrder(system);
    await order.putRates(...rates);
    await order.create('cleared', [
      {
        payment_type: 'card',
        items: [
          { item_id: 'ride', amount: '100.3' },
          { item_id: 'tip', amount: '7' },
        ],
      },
      { payment_type: 'cash', items: [{ item_id: 'ride', amount: '20' }] },
    ]);
    await order.untilProcessed(1);
    expect(await order.stored()).toMatchObject({
      service: 'yellow',
      currency: 'USD',
      invoice_version: 1,
      revision: 1,
      cleared_sum: '127.3000',
      cashback_sum: '6.5200',
      // 100.3 x 0.05 = 5.015, to the even cent; 100.3 x 0.02 = 2.006, capped.
      target: [
        { source: 'user', value: '5.0200' },
        { source: 'service', value: '1.5000' },
      ],
      receipt: {
        invoice_version: 1,
        base: '100.3000',
        rounding: 'half_even',
        config_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        sources: [
          { source: 'user', origin: 'rate', exact: '5.0150000000', value: '5.0200' },
          { source: 'service', origin: 'rate', capped_by: ['max_value'], value: '1.5000' },
        ],
      },
    });
  });

  it('is registered by the rules of its own service', async () => {
    const order = newOrder(system, 'green');
    await order.putRates({ source: 'user', rate: '0.05' });
    await order.create('cleared', paid('100.39'));
    await order.untilProcessed(1);
    // 100.39 x 0.05 = 5.0195, down.
    await order.untilTarget('5.0100', '0.0000');
  });

  it('moves the target with every clear, refund and re-clear, and to zero with a cancellation', async () => {
    const order = newOrder(system);
    await order.putRates({ source: 'user', rate: '0.1' });
    await order.create('held', paid('50'));
    await order.untilProcessed(1);
    expect(await order.stored()).toBeNull();

    await order.update(1, 'cleared', paid('50'));
    await order.untilTarget('5.0000', '0.0000');
    await order.update(2, 'cleared', paid('20'));
    await order.untilTarget('2.0000', '0.0000');
    await order.update(3, 'cleared', paid('80'));
    await order.untilTarget('8.0000', '0.0000');
    await order.update(4, 'cancelled', []);
    await order.untilTarget('0.0000', '0.0000');
    await order.untilProcessed(5);
    expect(await order.stored()).toMatchObject({ invoice_version: 5, revision: 4, cleared_sum: '0.0000' });
  });

  it('that cancels an invoice without any clear registers zero, and needs no rates', async () => {
    const order = newOrder(system);
    await order.create('held', paid('50'));
    await order.update(1, 'cancelled', []);
    await order.untilProcessed(2);
    expect(await order.stored()).toMatchObject({ revision: 1, cashback_sum: '0.0000', invoice_version: 2 });
  });

  it('that is announced again, or in another order, changes nothing', async () => {
    const order = newOrder(system);
    await order.putRates({ source: 'user', rate: '0.1' });
    await order.create('cleared', paid('50'));
    await order.untilProcessed(1);
    await order.update(1, 'cleared', paid('30'));
    await order.untilProcessed(2);
    const before = [await order.stored(), await order.events()];

    const mine = system.callbacks.carried.filter(({ body }) => body.includes(order.order_id));
    expect(mine.length).toBeGreaterThanOrEqual(2);
    for (const carried of [...mine, ...mine.toReversed()])
      expect(await system.callbacks.repeat(carried)).toBe(204);
    // A later order is processed by now, so this one would be, too.
    const later = newOrder(system);
    await later.create('held', paid('1'));
    await later.untilProcessed(1);
    await order.until({ processed_version: 2, asks_again: false });
    expect([await order.stored(), await order.events()]).toEqual(before);
  });

  it('that several callbacks announce at once is registered once', async () => {
    const order = newOrder(system);
    await order.putRates({ source: 'user', rate: '0.1' });
    system.callbacks.connect(null);
    await order.create('cleared', paid('50'));
    const body = { invoice_id: order.order_id, version: 1, service: 'yellow' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => callback(body)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 204));
    system.callbacks.connect(url);
    await order.untilProcessed(1);
    expect(await order.events()).toHaveLength(1);
  });

  it('of an invoice that transactions does not have yet waits for it, and is processed once it is there', async () => {
    const order = newOrder(system);
    await order.putRates({ source: 'user', rate: '0.05' });
    await callback({ invoice_id: order.order_id, version: 1, service: 'yellow' });
    await order.until({ waiting_since: expect.any(Date), attention: null });
    await order.create('cleared', paid('100'));
    await order.untilTarget('5.0000', '0.0000');
    await order.untilProcessed(1);
  });

  it('that is announced before its invoice can be read is processed once it can', async () => {
    const order = newOrder(system);
    await order.putRates({ source: 'user', rate: '0.05' });
    await callback({ invoice_id: order.order_id, version: 1, service: 'yellow' });
    await order.until({ processed_version: 0, waiting_since: expect.any(Date) });
    // Its own callback is lost.
    system.callbacks.connect(null);
    await order.create('cleared', paid('100'));
    system.callbacks.connect(url);
    await order.untilTarget('5.0000', '0.0000');
    await order.untilProcessed(1);
  });

  it('is still processed after a callback with a version that does not exist', async () => {
    const order = newOrder(system);
    await order.putRates({ source: 'user', rate: '0.05' });
    await order.create('cleared', paid('100'));
    await order.untilTarget('5.0000', '0.0000');
    await callback({ invoice_id: order.order_id, invoice_epoch: 9, version: 7, service: 'yellow' });
    await order.update(1, 'cleared', paid('40'));
    await order.untilTarget('2.0000', '0.0000');
    await callback({ invoice_id: order.order_id, version: 2_147_483_647, service: 'yellow' });
    await order.untilProcessed(2);
    await order.update(2, 'cleared', paid('0'));
    await order.untilTarget('0.0000', '0.0000');
    await order.untilProcessed(3);
    expect(await order.row()).toMatchObject({ seen_version: 3, attention: null });
  });

  it('of an unknown service needs attention, and leaves it by itself once the service is configured', async () => {
    const order = newOrder(system, 'red');
    await order.putRates({ source: 'user', rate: '0.1' });
    await order.create('cleared', paid('50'));
    await order.until({ attention: 'the service red is not in CASHBACK_SERVICES', processed_version: 0 });
    expect(await order.stored()).toBeNull();
    const headers = { authorization: `Bearer ${token('processing')}`, 'content-type': 'application/json' };
    const listed = await fetch(`${url}/attention?limit=1000`, { headers });
    expect(((await listed.json()) as { orders: object[] }).orders).toContainEqual({
      order_id: order.order_id,
      service: 'red',
      seen_version: 1,
      processed_version: 0,
      attention: 'the service red is not in CASHBACK_SERVICES',
      updated_at: expect.any(String),
    });

    await system.stopProcessing();
    url = urlOf(await system.startProcessing({ services: { red: serviceConfigs.green } }));
    await order.untilTarget('5.0000', '0.0000');
    await order.untilProcessed(1);
  });

  it('is refused when its callback has no valid signature', async () => {
    const order = newOrder(system);
    const body = { invoice_id: order.order_id, version: 1, service: 'yellow' };
    const other = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const refused = await callback(body, other);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ error: { code: 'BAD_SIGNATURE' } });
    const unsigned = await fetch(`${url}/callbacks/invoice`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(unsigned.status).toBe(401);
    expect(await order.row()).toBeUndefined();
  });

  it('is refused when its callback is invalid, and accepted with fields that are not known yet', async () => {
    const order = newOrder(system);
    const body = { invoice_id: order.order_id, version: 1, service: 'yellow' };
    const refused = await callback({ ...body, version: 0 });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { issues: [{ path: 'version' }] } });
    expect((await callback({ ...body, new_field: true })).status).toBe(204);
  });
});

describe('the routes of orders that need attention', () => {
  it('need a token', async () => {
    expect((await fetch(`${url}/attention`)).status).toBe(401);
    expect((await fetch(`${url}/attention/resume`, { method: 'POST' })).status).toBe(401);
  });
});
