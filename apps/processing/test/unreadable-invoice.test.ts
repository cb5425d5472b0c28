import { type HttpProxy, startHttpProxy } from '@cashback/proxies';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newOrder, paid } from './support/orders.ts';
import { type System, startSystem, token, urlOf } from './support/system.ts';

let system: System;
let proxy: HttpProxy;
/** By order id, what to make of the answer of transactions about its invoice. */
const spoil = new Map<string, Spoil>();
type Spoil = (answer: Record<string, unknown>) => unknown;

beforeAll(async () => {
  system = await startSystem();
  proxy = await startHttpProxy(system.transactionsUrl, async (request, forward) => {
    const answer = await forward();
    const { invoice_id = '' } = JSON.parse(request.body.toString()) as { invoice_id?: string };
    const change = answer.status === 200 ? spoil.get(invoice_id) : undefined;
    if (change === undefined) return answer;
    const changed = change(JSON.parse(answer.body.toString()) as Record<string, unknown>);
    return { ...answer, body: typeof changed === 'string' ? changed : JSON.stringify(changed) };
  });
});
afterEach(() => system.stopProcessing());
afterAll(async () => {
  await proxy?.stop();
  await system?.stop();
});

function withoutPayments(answer: Record<string, unknown>): unknown {
  const { payments: _payments, ...rest } = answer;
  return rest;
}

const start = (attentionAfterMs: number) =>
  system.startProcessing({
    env: { TRANSACTIONS_URL: proxy.url, ATTENTION_AFTER_MS: String(attentionAfterMs) },
  });

async function newClearedOrder(change: Spoil) {
  const order = newOrder(system);
  spoil.set(order.order_id, change);
  await order.putRates({ source: 'user', rate: '0.1' });
  await order.create('cleared', paid('50'));
  return order;
}

describe('an order whose invoice is unusable', () => {
  it.each<[string, Spoil, string]>([
    ['has no payments', withoutPayments, 'payments: expected array, got nothing'],
    ['has an unknown status', (answer) => ({ ...answer, status: 'paid' }), 'status: expected one of'],
    [
      'is of another order',
      (answer) => ({ ...answer, invoice_id: 'another' }),
      'answers with invoice another',
    ],
  ])(
    'because it %s: needs attention after a time, and leaves it by itself when it is readable',
    async (_, change, said) => {
      const url = urlOf(await start(300));
      const order = await newClearedOrder(change);
      await order.until({ attention: expect.stringContaining(said), processed_version: 0 });
      expect(await order.stored()).toBeNull();
      const headers = { authorization: `Bearer ${token('processing')}` };
      const listed = (await (await fetch(`${url}/attention`, { headers })).json()) as {
        orders: { order_id: string; attention: string }[];
      };
      expect(listed.orders.find(({ order_id }) => order_id === order.order_id)?.attention).toContain(said);

      spoil.delete(order.order_id);
      await order.untilTarget('5.0000', '0.0000');
      await order.untilProcessed(1);
    },
  );

  it('is processed without a person when the invoice is readable before that', async () => {
    await start(600_000);
    const order = await newClearedOrder(withoutPayments);
    await order.until({ waiting_since: expect.any(Date), attention: null, processed_version: 0 });
    spoil.delete(order.order_id);
    await order.untilTarget('5.0000', '0.0000');
    await order.until({ waiting_since: null, processed_version: 1 });
  });
});

it('an answer that is not JSON says nothing about the order: it is retried, however long that takes', async () => {
  await start(0);
  const order = await newClearedOrder(() => '<html>come back later</html>');
  await order.untilFailures(3);
  expect(await order.row()).toMatchObject({ attention: null, waiting_since: null });
  spoil.delete(order.order_id);
  await order.untilTarget('5.0000', '0.0000');
});
