import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Harness, createHarness, newOrderId, until } from './support/harness.ts';
import { type Answer, type Call, refuse } from './support/outside-transactions.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
  await harness.startWorker();
});
afterEach(() => {
  harness.outside.intercept = undefined;
  expect(harness.outside.without_intent).toEqual([]);
});
afterAll(() => harness.stop());

const ofSomeoneElse = (body: unknown): unknown => ({ ...(body as object), invoice_id: 'somebody-elses' });
const passing: [string, (call: Call, honest: () => Answer) => Answer][] = [
  ['HTML', () => ({ html: '<html>maintenance</html>' })],
  ['500 without a body', () => ({ status: 500, body: null })],
  ['503 with an error', () => refuse(503, 'DATABASE_UNAVAILABLE', 'come again')],
  ['429', () => refuse(429, 'TOO_MANY_REQUESTS', 'come again')],
  ['401: the token was changed', () => refuse(401, 'UNAUTHORIZED', 'unknown token')],
  ['403: the token lost its scope', () => refuse(403, 'FORBIDDEN', 'no such scope')],
  ['404: the address is wrong', () => refuse(404, 'NOT_FOUND', 'no such route')],
  ['JSON of another shape', () => ({ status: 200, body: { hello: 'world' } })],
  ['a cut connection', () => 'cut'],
  ['a cut connection after it was applied', (_, honest) => (honest(), 'cut')],
  ['500 after it was applied', (_, honest) => (honest(), { status: 500, body: {} })],
  ['no answer at all', () => 'hang'],
];

for (const path of ['/v2/invoice/retrieve', '/update/cashback']) {
  test.each(passing)(
    `${path} answered with %s passes: the order is settled by one operation`,
    async (_, bad) => {
      const { outside } = harness;
      const orderId = newOrderId('passing');
      outside.addInvoice(orderId);
      let times = 0;
      outside.intercept = (call, honest) => {
        if (call.path !== path || call.order_id !== orderId || times === 2) return honest();
        times += 1;
        return bad(call, honest);
      };
      await harness.register(orderId, '10');
      expect(await harness.untilSettled(orderId)).toMatchObject({ attention: null });
      expect(times).toBeGreaterThan(0);
      expect(outside.cashback(orderId).operations).toHaveLength(1);
      expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
    },
  );
}

test('an answer out of the past, which shows the target of now as rewarded, settles nothing', async () => {
  const { outside } = harness;
  const orderId = newOrderId('past');
  outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  const past = structuredClone(outside.cashback(orderId));
  await harness.register(orderId, '4');
  await harness.untilSettled(orderId);

  // A replica that lags shows ten as rewarded, which is the target again.
  let times = 0;
  outside.intercept = (call, honest) => {
    const answer = honest();
    if (call.path !== '/v2/invoice/retrieve' || call.order_id !== orderId || times === 2) return answer;
    times += 1;
    return 'body' in answer ? { ...answer, body: { ...(answer.body as object), cashback: past } } : answer;
  };
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(times).toBe(2);
  expect(outside.cashback(orderId).rewarded).toMatchObject([{ source: 'user', amount: '10.0000' }]);
});

test('an answer to an update that is about another operation is believed nothing', async () => {
  const { outside } = harness;
  const orderId = newOrderId('wrong-operation');
  outside.addInvoice(orderId);
  let times = 0;
  outside.intercept = (call, honest) => {
    if (call.path !== '/update/cashback' || times === 1) return honest();
    times += 1;
    return { status: 200, body: { operation_id: 'somebody-elses', status: 'success', version: 9 } };
  };
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);
  expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
  expect(new Set(outside.updates(orderId).map((body) => body.operation_id)).size).toBe(1);
});

const nonsense: [string, RegExp, (orderId: string) => void][] = [
  ['there is no such invoice', /^INVOICE_NOT_FOUND/, (orderId) => harness.outside.removeInvoice(orderId)],
  [
    'the invoice is another order’s',
    /somebody-elses/,
    () => {
      harness.outside.intercept = (_, honest) => {
        const answer = honest();
        return typeof answer === 'string' || 'html' in answer
          ? answer
          : { ...answer, body: ofSomeoneElse(answer.body) };
      };
    },
  ],
  [
    'the invoice has another wallet',
    /wallet_id wallet-2.*wallet-1/,
    (orderId) => harness.outside.addInvoice(orderId, { wallet_id: 'wallet-2' }),
  ],
  [
    'the invoice has another user',
    /user_id user-2.*user-1/,
    (orderId) => harness.outside.addInvoice(orderId, { user_id: 'user-2' }),
  ],
  [
    'the invoice has another currency',
    /currency USD.*EUR/,
    (orderId) => harness.outside.addInvoice(orderId, { currency: 'USD' }),
  ],
  [
    'our request is refused as malformed',
    /^BAD_REQUEST/,
    () => {
      harness.outside.intercept = () => refuse(400, 'BAD_REQUEST', 'expected another thing');
    },
  ],
];

test.each(nonsense)(
  'when %s, the order needs attention and is asked about once',
  async (_, reason, arrange) => {
    const { outside } = harness;
    const orderId = newOrderId('nonsense');
    outside.addInvoice(orderId);
    arrange(orderId);
    await harness.register(orderId, '10');
    const { attention } = await until(
      () => harness.order(orderId),
      (order) => order.attention !== null,
    );
    expect(attention).toMatch(reason);
    const { rows } = await harness.database.pool.query(
      `SELECT 1 FROM cashback_jobs.job WHERE data->>'order_id' = $1 AND state < 'active'`,
      [orderId],
    );
    expect(rows).toEqual([]);
    expect(outside.retrieves(orderId)).toBe(1);
    expect(await harness.operations(orderId)).toEqual([]);
  },
);

test('a definite refusal that proves nothing leaves the operation open, and a person is asked', async () => {
  const { outside } = harness;
  const orderId = newOrderId('body-mismatch');
  outside.addInvoice(orderId);
  outside.intercept = (call, honest) =>
    call.path === '/update/cashback' ? refuse(409, 'OPERATION_BODY_MISMATCH', 'another body') : honest();
  await harness.register(orderId, '10');
  const order = await until(
    () => harness.order(orderId),
    ({ attention }) => attention !== null,
  );
  expect(order.attention).toContain('OPERATION_BODY_MISMATCH');
  const [operation] = await harness.operations(orderId);
  expect(operation).toMatchObject({ outcome: null });
  expect(order.operation_id).toBe(operation?.operation_id);
});

test('an order whose call hangs does not hold up the others of its batch', async () => {
  const { outside } = harness;
  await harness.stopWorkers();
  const hanging = newOrderId('hanging');
  const others = Array.from({ length: 20 }, () => newOrderId('beside'));
  for (const orderId of [hanging, ...others]) {
    outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  const { promise: released, resolve: release } = Promise.withResolvers<Answer>();
  outside.intercept = (call, honest) => (call.order_id === hanging ? released : honest());
  await harness.startWorker({ transactions_timeout_ms: 30_000, batch_concurrency: 1 });
  for (const orderId of others) {
    await until(
      () => harness.operations(orderId),
      (rows) => rows.length === 1,
    );
  }
  expect((await harness.order(hanging)).settled_revision).toBe(0);
  outside.intercept = undefined;
  release('cut');
  await harness.untilSettled(hanging);
});
