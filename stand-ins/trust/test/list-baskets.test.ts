import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('the list needs the scope of baskets', async () => {
  expect((await app.call('GET', '/baskets?order_id=o', undefined, app.walletsToken)).status).toBe(403);
});
