import { untilEqual } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newOrder, paid } from './support/orders.ts';
import { type Shop, gives, startShop } from './support/shop.ts';
import { type System, serviceConfigs, startSystem, token } from './support/system.ts';

const userRate = { source: 'user', rate: '0.1' } as const;
const env = {
  SERVICE_URL_TOKENS: `yellow=${token('yellow')}`,
  ATTENTION_AFTER_MS: '1000',
  RETRY_BASE_MS: '50',
  RETRY_MAX_MS: '200',
  ATTENTION_RETRY_MAX_MS: '500',
};

let system: System;
let shop: Shop;

beforeAll(async () => {
  [system, shop] = await Promise.all([startSystem(), startShop()]);
});
afterAll(async () => {
  await system?.stop();
  await shop?.stop();
});
beforeEach(async () => {
  await system.stopProcessing();
  await system.startProcessing({ services: { yellow: withUrl() }, env });
  shop.answer = () => gives('3');
});

function withUrl() {
  return { ...serviceConfigs.yellow, url: shop.url };
}

async function codeOf(orderId: string): Promise<string | null | undefined> {
  const { rows } = await system.database.pool.query<{ attention_code: string | null }>(
    'SELECT attention_code FROM processing.invoice_changes WHERE order_id = $1 AND attention IS NOT NULL',
    [orderId],
  );
  return rows[0]?.attention_code;
}

it('an order whose service has lost the URL with which it began states that, and ends once there is one', async () => {
  const order = newOrder(system, 'yellow');
  await order.putRates(userRate, { source: 'service', rate: '0.5' });
  await order.create('cleared', paid('50'));
  await order.untilTarget('5.0000', '3.0000');
  await order.untilProcessed(1);
  await system.stopProcessing();
  await system.startProcessing({ services: { yellow: serviceConfigs.yellow }, env });
  await order.update(1, 'cleared', paid('40'));
  await untilEqual(() => codeOf(order.order_id), 'settings_missing');
  await system.stopProcessing();
  await system.startProcessing({ services: { yellow: withUrl() }, env });
  await order.untilTarget('4.0000', '3.0000');
  await order.untilProcessed(2);
});

it('a service that never gives a usable answer is stated, its value is kept, and an answer ends it', async () => {
  const order = newOrder(system, 'yellow');
  await order.putRates(userRate, { source: 'service', rate: '0.5' });
  // Above the base.
  shop.answer = () => gives('1000');
  await order.create('cleared', paid('50'));
  await untilEqual(() => codeOf(order.order_id), 'service_answer_unusable');
  expect((await order.row())?.attention).toMatch(/at most the base 50.0000, got 1000.0000/);
  await order.untilTarget('5.0000', '0.0000');
  shop.answer = () => gives('3');
  await order.untilTarget('5.0000', '3.0000');
  await order.untilProcessed(1);
});

it('an id that nobody knows is forgotten without a need for attention, and begins when its order comes', async () => {
  const order = newOrder(system, 'yellow');
  const { rows } = await system.database.pool.query(
    `INSERT INTO processing.invoice_changes (order_id, service, seen_version, hints, brought_by)
     VALUES ($1, 'unknown', 1, 1, 'reconcile') RETURNING order_id`,
    [order.order_id],
  );
  expect(rows).toHaveLength(1);
  await order.until({ answered_hints: 1, attention: null, failures: 0, waiting_since: null });
  await order.putRates(userRate);
  await order.create('cleared', paid('50'));
  await order.untilTarget('5.0000', '3.0000');
  await order.untilProcessed(1);
});
