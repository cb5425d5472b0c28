import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newOrder, paid } from './support/orders.ts';
import { type SpoiledTransactions, startSpoiledTransactions } from './support/spoiled-transactions.ts';
import { type System, startSystem, token, urlOf } from './support/system.ts';

let system: System;
let spoiled: SpoiledTransactions;

beforeAll(async () => {
  system = await startSystem();
  spoiled = await startSpoiledTransactions(system.transactionsUrl);
});
afterEach(() => system.stopProcessing());
afterAll(async () => {
  await spoiled?.stop();
  await system?.stop();
});

function withoutPayments(answer: Record<string, unknown>): unknown {
  const { payments: _payments, ...rest } = answer;
  return rest;
}

const start = (attentionAfterMs: number) =>
  system.startProcessing({
    env: { TRANSACTIONS_URL: spoiled.url, ATTENTION_AFTER_MS: String(attentionAfterMs) },
  });

async function newClearedOrder(spoil: (answer: Record<string, unknown>) => unknown) {
  const order = newOrder(system);
  spoiled.spoil.set(order.order_id, spoil);
  await order.putRates({ source: 'user', rate: '0.1' });
  await order.create('cleared', paid('50'));
  return order;
}

describe('an order whose invoice cannot be read', () => {
  it.each<[string, (answer: Record<string, unknown>) => unknown, string]>([
    ['has no payments', withoutPayments, 'payments: expected array, got nothing'],
    ['has a status that is none', (answer) => ({ ...answer, status: 'paid' }), 'status: expected one of'],
    [
      'is of another order',
      (answer) => ({ ...answer, invoice_id: 'another' }),
      'answers with invoice another',
    ],
  ])(
    'because it %s: needs attention after a while, and is processed once it can and is resumed',
    async (_, spoil, said) => {
      const url = urlOf(await start(300));
      const order = await newClearedOrder(spoil);
      await order.until({ attention: expect.stringContaining(said), processed_version: 0 });
      expect(await order.stored()).toBeNull();
      const headers = { authorization: `Bearer ${token('processing')}`, 'content-type': 'application/json' };
      const listed = (await (await fetch(`${url}/attention`, { headers })).json()) as {
        orders: { order_id: string; attention: string }[];
      };
      expect(listed.orders.find(({ order_id }) => order_id === order.order_id)?.attention).toContain(said);

      spoiled.spoil.delete(order.order_id);
      const body = JSON.stringify({ order_ids: [order.order_id] });
      await fetch(`${url}/attention/resume`, { method: 'POST', headers, body });
      await order.untilTarget('5.0000', '0.0000');
      await order.untilProcessed(1);
    },
  );

  it('is processed without anybody when it can be read before that', async () => {
    await start(600_000);
    const order = await newClearedOrder(withoutPayments);
    await order.until({ waiting_since: expect.any(Date), attention: null, processed_version: 0 });
    spoiled.spoil.delete(order.order_id);
    await order.untilTarget('5.0000', '0.0000');
    await order.until({ waiting_since: null, processed_version: 1 });
  });
});

it('an answer that is no JSON tells nothing of the order: it is asked for again, however long that takes', async () => {
  await start(0);
  const order = await newClearedOrder(() => '<html>come back later</html>');
  await expect.poll(async () => (await order.row())?.failures, { timeout: 15_000 }).toBeGreaterThan(2);
  expect(await order.row()).toMatchObject({ attention: null, waiting_since: null });
  spoiled.spoil.delete(order.order_id);
  await order.untilTarget('5.0000', '0.0000');
});
