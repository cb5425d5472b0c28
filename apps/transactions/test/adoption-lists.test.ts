import { withTransaction } from '@cashback/postgres';
import { afterEach, expect, test } from 'vitest';
import { startEpoch } from '../src/db/queries/feeds/feed-epochs.ts';
import { setUpWithTrust, setUpWithUpstream } from './set-up.ts';
import {
  type TransactionsUnderTest,
  createInvoice,
  newOperation,
  retrieve,
  settledInvoice,
} from './support.ts';
import { applied } from './upstream.ts';

let tearDown: (() => Promise<void>) | undefined;
afterEach(() => tearDown?.());

const newEpoch = (app: TransactionsUnderTest) => withTransaction(app.owner, (tx) => startEpoch(tx));
/** Nothing is adopted but what an operation asks for. */
const UNHURRIED = { ADOPTION_INTERVAL_MS: '3600000' };

test('a basket with more refunds than Trust lists in a page is adopted with all of them', async () => {
  const set = await setUpWithTrust({ TRUST_TIMEOUT_MS: '5000', ...UNHURRIED });
  ({ tearDown } = set);
  const { app } = set;
  const invoice = await createInvoice(app);
  const { invoice_id: order_id, user_id, wallet_id, currency } = invoice;
  await app.owner.pool.query(
    `INSERT INTO trust.baskets (basket_id, wallet_id, user_id, currency, amount, source, order_id, status)
     VALUES ('large', $1, $2, $3, 200, 'user', $4, 'success')`,
    [wallet_id, user_id, currency, order_id],
  );
  // More than are listed with it, and than the first page of the others.
  await app.owner.pool.query(
    `INSERT INTO trust.refunds (refund_id, basket_id, wallet_id, amount, status)
     SELECT 'refund-' || n, 'large', $1, 1, 'success' FROM generate_series(1, 130) AS n`,
    [wallet_id],
  );
  await newEpoch(app);

  const operation = newOperation(invoice, { version: 0, reward: [{ source: 'user', amount: '3' }] });
  const { body } = await app.post('/update/cashback', operation);
  expect(body.error).toMatchObject({ code: 'VERSION_MISMATCH', details: { current_version: 1 } });
  expect(await retrieve(app, order_id)).toMatchObject({
    cashback: { rewarded: [{ source: 'user', amount: '70.0000' }] },
  });
});

const listed = (order_id: string, basket_id: string, more: object) => ({
  basket_id,
  wallet_id: 'w',
  user_id: 'u',
  currency: 'USD',
  amount: '5',
  source: 'user',
  order_id,
  refunded: '0',
  status: 'success',
  reason: null,
  refunds: [],
  ...more,
});
const refundOf = (basket_id: string, refund_id: string) => ({
  refund_id,
  basket_id,
  amount: '1',
  status: 'success',
  reason: null,
});

test.each<[string, string, (orderId: string, path: string) => unknown]>([
  [
    'a refund of another basket',
    'refund r-1 of basket b-2 out of place',
    (orderId) => ({ baskets: [listed(orderId, 'b-1', { refunds: [refundOf('b-2', 'r-1')] })], next: null }),
  ],
  [
    'a refund that is listed twice',
    'refund r-1 of basket b-1 out of place',
    (orderId, path) =>
      path.startsWith('/refunds')
        ? { refunds: [refundOf('b-1', 'r-1')], next: null }
        : {
            baskets: [listed(orderId, 'b-1', { refunds: [refundOf('b-1', 'r-1')], next_refund: 'r-1' })],
            next: null,
          },
  ],
])('%s adopts nothing', async (_, reason, bodyFor) => {
  const set = await setUpWithUpstream(UNHURRIED);
  ({ tearDown } = set);
  const { app, upstream } = set;
  const invoice = await createInvoice(app);
  await newEpoch(app);
  let lists = 0;
  upstream.answerWith((request) => {
    if (!request.path.includes('?')) return applied(request);
    lists += 1;
    return { status: 200, body: bodyFor(invoice.invoice_id, request.path) };
  });
  const { status, body } = await app.post('/update/cashback', newOperation(invoice, { version: 0 }));
  expect([status, body.error.code]).toEqual([409, 'HISTORY_UNKNOWN']);
  expect(body.error.message).toContain(reason);
  expect(lists).toBeLessThanOrEqual(2);
  expect(await retrieve(app, invoice.invoice_id)).toMatchObject({ cashback: { version: 0, rewarded: [] } });
});

test('where Trust has no list it is never asked for one: after a restore operations wait until a person has compared', async () => {
  const set = await setUpWithUpstream({ TRUST_LISTS_BASKETS: 'no', ADOPTION_INTERVAL_MS: '10' });
  ({ tearDown } = set);
  const { app, upstream } = set;
  const update = (invoice: Awaited<ReturnType<typeof createInvoice>>) =>
    app.post('/update/cashback', newOperation(invoice, { version: 0 }));
  const [paid, waiting] = [await createInvoice(app), await createInvoice(app)];
  expect((await update(paid)).status).toBe(200);
  await settledInvoice(app, paid.invoice_id);

  await newEpoch(app);
  // It may be one that the restore forgot, and that is stated again.
  const created = await createInvoice(app);
  let compared = 0;
  for (const invoice of [waiting, created]) {
    const { status, body } = await update(invoice);
    expect([status, body.error.code]).toEqual([409, 'HISTORY_UNKNOWN']);
    expect(body.error.details).toMatchObject({ epoch: expect.any(Number), compared_epoch: 1 });
    compared = body.error.details.epoch;
  }
  Object.assign(app.environment, { TRUST_COMPARED_EPOCH: String(compared) });
  await app.stop();
  await app.restart();
  for (const invoice of [waiting, created]) expect((await update(invoice)).status).toBe(200);

  await newEpoch(app);
  expect((await update(await createInvoice(app))).body.error.code).toBe('HISTORY_UNKNOWN');
  expect(upstream.requests.filter(({ path }) => path.includes('?'))).toEqual([]);
});

test('an epoch that has not begun counts as compared by nobody: the app refuses to start, and names the newest', async () => {
  const set = await setUpWithUpstream({ TRUST_LISTS_BASKETS: 'no', ...UNHURRIED });
  ({ tearDown } = set);
  const { app } = set;
  const epoch = await newEpoch(app);
  await app.stop();
  const compared = app.environment;
  Object.assign(compared, { TRUST_COMPARED_EPOCH: String(epoch + 1) });
  await expect(app.restart()).rejects.toThrow(
    `TRUST_COMPARED_EPOCH: expected at most ${epoch}, the newest epoch of this database, got ${epoch + 1}`,
  );
  Object.assign(compared, { TRUST_COMPARED_EPOCH: String(epoch) });
  await app.restart();
  expect((await retrieve(app, (await createInvoice(app)).invoice_id)).cashback.version).toBe(0);
});
