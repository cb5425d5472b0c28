import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REFUNDS_LISTED } from '@cashback/wire';
import { setUpTrust } from './support.ts';

let app: Awaited<ReturnType<typeof setUpTrust>>;
beforeAll(async () => {
  app = await setUpTrust();
  await app.calm();
});
afterAll(() => app?.tearDown());

async function createBasket(order_id: string): Promise<string> {
  const basket_id = randomUUID();
  const { status } = await app.post('/baskets', {
    basket_id,
    wallet_id: `wallet-of-${order_id}`,
    user_id: 'user',
    currency: 'USD',
    amount: '5',
    source: 'user',
    order_id,
  });
  expect(status).toBe(200);
  return basket_id;
}

test("an order's baskets are listed with their refunds, oldest first and page by page, those of others are not", async () => {
  const order = randomUUID();
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) ids.push(await createBasket(order));
  await createBasket(randomUUID());
  const refund = { refund_id: randomUUID(), basket_id: ids[1], amount: '2' };
  await app.post('/refunds', refund);
  await app.post('/refunds', { refund_id: randomUUID(), basket_id: ids[1], amount: '9' });

  const whole = (await app.get(`/baskets?order_id=${order}`)).body;
  expect(whole.next).toBeNull();
  expect(new Set(whole.baskets.map((basket: { basket_id: string }) => basket.basket_id))).toEqual(
    new Set(ids),
  );
  const found = whole.baskets.find((basket: { basket_id: string }) => basket.basket_id === ids[1]);
  expect(found).toMatchObject({ order_id: order, amount: '5.0000', refunded: '2.0000', status: 'success' });
  expect(found.refunds).toMatchObject([
    { ...refund, amount: '2.0000', status: 'success' },
    { amount: '9.0000', status: 'failed' },
  ]);

  const pages = [];
  let after = '';
  do {
    const { body } = await app.get(`/baskets?order_id=${order}&limit=2${after}`);
    pages.push(body.baskets);
    after = body.next === null ? '' : `&after=${body.next}`;
  } while (after !== '');
  expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
  expect(pages.flat()).toEqual(whole.baskets);
});

test("a basket's refunds are listed with it up to a bound, and the others page by page", async () => {
  const order = randomUUID();
  const basket_id = await createBasket(order);
  const other = await createBasket(order);
  await app.post('/refunds', { refund_id: randomUUID(), basket_id: other, amount: '1' });
  const ids = Array.from({ length: REFUNDS_LISTED + 5 }, () => randomUUID());
  for (const refund_id of ids) await app.post('/refunds', { refund_id, basket_id, amount: '0.01' });

  const { body } = await app.get(`/baskets?order_id=${order}`);
  const found = body.baskets.find((basket: { basket_id: string }) => basket.basket_id === basket_id);
  expect(found.refunds).toHaveLength(REFUNDS_LISTED);
  expect(found.next_refund).toBe(found.refunds.at(-1).refund_id);
  expect(body.baskets.find((basket: { basket_id: string }) => basket.basket_id === other)).toMatchObject({
    refunds: [{ amount: '1.0000' }],
    next_refund: null,
  });

  const rest = [];
  let after = `&after=${found.next_refund}`;
  do {
    const page = (await app.get(`/refunds?basket_id=${basket_id}&limit=2${after}`)).body;
    expect(page.refunds.length).toBeLessThanOrEqual(2);
    rest.push(...page.refunds);
    after = page.next === null ? '' : `&after=${page.next}`;
  } while (after !== '');
  const whole = (await app.get(`/refunds?basket_id=${basket_id}&limit=100`)).body;
  expect(whole.next).toBeNull();
  expect([...found.refunds, ...rest]).toEqual(whole.refunds);
  expect(new Set(whole.refunds.map(({ refund_id }: { refund_id: string }) => refund_id))).toEqual(
    new Set(ids),
  );
});

test('an order without a basket has an empty list', async () => {
  expect((await app.get(`/baskets?order_id=${randomUUID()}`)).body).toEqual({ baskets: [], next: null });
});

test.each([
  ['', 'order_id'],
  ['?order_id=o&limit=0', 'limit'],
  ['?order_id=o&limit=101', 'limit'],
  ['?order_id=o&page=2', 'page'],
])('the list refuses %j, and names the field', async (query, field) => {
  const { status, body } = await app.get(`/baskets${query}`);
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain(field);
});

test.each([
  ['', 'basket_id'],
  ['?basket_id=b&limit=101', 'limit'],
  ['?basket_id=b&page=2', 'page'],
])('the list of refunds refuses %j, and names the field', async (query, field) => {
  const { status, body } = await app.get(`/refunds${query}`);
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain(field);
});

test('the list needs the scope of baskets', async () => {
  expect((await app.call('GET', '/baskets?order_id=o', undefined, app.walletsToken)).status).toBe(403);
});
