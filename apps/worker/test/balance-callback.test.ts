import { randomUUID } from 'node:crypto';
import { findWalletWaits, lockOrders, makeDue } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { signCallback } from '@cashback/service';
import { readUntil } from '@cashback/testing';
import { freePort } from '@cashback/system/free-ports';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CALLBACK_SECRET,
  type Harness,
  type OrderRow,
  createHarness,
  newOrderId,
} from './support/harness.ts';
import { type RealTransactions, startRealTransactions } from './support/real-transactions.ts';

const HOUR_MS = 3_600_000;
/** So patient that only a callback can have been what woke it. */
const PATIENT = {
  billing_callback_secret: CALLBACK_SECRET,
  attention_poll_ms: HOUR_MS,
  attention_poll_max_ms: HOUR_MS,
};

let harness: Harness;
let url: string;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness?.stop());

const until = (orderId: string, isSo: (order: OrderRow) => boolean): Promise<OrderRow> =>
  readUntil(() => harness.order(orderId), isSo, { timeout_ms: 60_000 });
const needsAttention = ({ attention, operation_id }: OrderRow): boolean =>
  attention !== null && operation_id === null;

describe('with the reference service and the stand-in of Trust', () => {
  let real: RealTransactions;
  beforeAll(async () => {
    const port = await freePort();
    real = await startRealTransactions(
      harness.test_database.url,
      `http://127.0.0.1:${port}/callbacks/operation`,
      { TRUST_TIMEOUT_MS: '5000', WALLET_POLICIES: '{"yellow":"take_what_is_there","green":"fail"}' },
      { BALANCE_CALLBACK_URL: `http://127.0.0.1:${port}/callbacks/balance` },
    );
    await harness.startWorker({
      port,
      transactions_url: real.transactions.url ?? '',
      transactions_token: real.token,
      ...PATIENT,
    });
  });
  afterAll(async () => {
    await harness.stopWorkers();
    await real?.stop();
  });

  test.each([
    ['yellow', 'take_what_is_there', 'owed'],
    ['green', 'fail', 'wallet_forbids_negative'],
  ])(
    'an order of a service %s (%s) that waits for its wallet settles when billing says that the wallet has money',
    async (service, _policy, code) => {
      const [orderId, filling] = [newOrderId('waits'), newOrderId('fills')];
      const wallet_id = `wallet-${orderId}`;
      await real.createInvoice(orderId, wallet_id, service);
      await harness.register(orderId, '5', { wallet_id, service });
      await harness.untilSettled(orderId);
      await real.post(real.trust, `/wallets/${wallet_id}/spend`, { spend_id: randomUUID(), amount: '5' });
      await harness.register(orderId, '0', { wallet_id, service });
      expect(await until(orderId, needsAttention)).toMatchObject({ attention_code: code });

      await real.createInvoice(filling, wallet_id, service);
      await harness.register(filling, '13', { wallet_id, service });
      expect(await until(orderId, (row) => row.settled_revision === row.revision)).toMatchObject({
        attention: null,
        rewarded: [{ source: 'user', amount: '0.0000' }],
        due_by: null,
      });
    },
  );
});

describe('a balance callback', () => {
  beforeAll(async () => {
    url = (await harness.startWorker(PATIENT)).url ?? '';
  });
  afterAll(() => harness.stopWorkers());

  async function send(change: Record<string, unknown>, secret = CALLBACK_SECRET): Promise<number> {
    const body = JSON.stringify({
      user_id: 'user-1',
      currency: 'EUR',
      balance: '1.0000',
      sequence: 1,
      cause: 'basket-1',
      occurred_at: new Date().toISOString(),
      ...change,
    });
    const signed = signCallback(secret, { id: randomUUID(), body, now: new Date() });
    const headers = { 'content-type': 'application/json', ...signed };
    return (await fetch(`${url}/callbacks/balance`, { method: 'POST', headers, body })).status;
  }

  /** Another implementer's `transactions` has refused its only operation so far. */
  async function refusedOrder(fail_reason: string): Promise<{ orderId: string; wallet_id: string }> {
    const { outside } = harness;
    const orderId = newOrderId('refused');
    const wallet_id = `wallet-${orderId}`;
    outside.addInvoice(orderId, { wallet_id });
    outside.on_accept = 'failed';
    outside.fail_reason = fail_reason;
    await harness.register(orderId, '10', { wallet_id });
    await until(orderId, needsAttention);
    return { orderId, wallet_id };
  }

  test('is a hint: when the wallet has nothing after all, it costs one attempt and changes nothing else', async () => {
    const { orderId, wallet_id } = await refusedOrder('wallet_forbids_negative: 3.0000 missing');
    expect(await send({ wallet_id, a_new_field: true })).toBe(204);
    await readUntil(
      () => harness.operations(orderId),
      (rows) => rows.length === 2 && rows.every(({ outcome }) => outcome === 'failed'),
      { timeout_ms: 60_000 },
    );
    expect(await until(orderId, needsAttention)).toMatchObject({
      attention_code: 'wallet_forbids_negative',
      due_by: null,
    });
    const { poll_at } = await harness.order(orderId);
    expect(poll_at?.getTime()).toBeGreaterThan(Date.now() + HOUR_MS / 2);
    expect(harness.outside.updates(orderId)).toHaveLength(2);
  });

  test('that comes while an attempt is under way has another one made after it', async () => {
    const { outside } = harness;
    const { orderId, wallet_id } = await refusedOrder('wallet_forbids_negative: 3.0000 missing');
    outside.on_accept = 'stay';
    await send({ wallet_id });
    await readUntil(
      () => outside.updates(orderId),
      ({ length }) => length === 2,
    );
    await until(orderId, ({ due_by }) => due_by === null);
    const asked = outside.retrieves(orderId);
    await send({ wallet_id });
    await readUntil(
      () => outside.retrieves(orderId),
      (count) => count > asked,
    );
    outside.on_accept = 'success';
    outside.finish(orderId, 'failed', 'wallet_forbids_negative: 3.0000 missing');
    await until(orderId, (row) => row.settled_revision === row.revision);
    expect(outside.updates(orderId)).toHaveLength(3);
  });

  test.each<[string, Record<string, unknown>]>([
    ['that the wallet is empty', { balance: '0.0000' }],
    ['that the wallet is below zero', { balance: '-3.0000' }],
    ['about another wallet', { wallet_id: 'wallet-of-nobody' }],
  ])('%s makes no order due', async (_, change) => {
    const { orderId, wallet_id } = await refusedOrder('wallet_forbids_negative: 3.0000 missing');
    const before = await harness.order(orderId);
    expect(await send({ wallet_id, ...change })).toBe(204);
    expect(await harness.order(orderId)).toEqual(before);
  });

  test('makes no order due that waits for something else', async () => {
    const { orderId, wallet_id } = await refusedOrder('PAYEE_MISMATCH: it has another currency');
    const before = await harness.order(orderId);
    expect(await send({ wallet_id })).toBe(204);
    expect(await harness.order(orderId)).toEqual(before);
  });

  test('with a bad signature, or a balance that is none, is refused', async () => {
    const { orderId, wallet_id } = await refusedOrder('wallet_forbids_negative: 3.0000 missing');
    const before = await harness.order(orderId);
    const forged = `whsec_${Buffer.from('the secret of another caller, as long').toString('base64')}`;
    expect(await send({ wallet_id }, forged)).toBe(401);
    expect(await send({ wallet_id, balance: 'much' })).toBe(400);
    expect(await harness.order(orderId)).toEqual(before);
  });

  test('about an order that is locked is no error: the order waits for its slow attempts', async () => {
    const { orderId, wallet_id } = await refusedOrder('wallet_forbids_negative: 3.0000 missing');
    await withTransaction(harness.database, async (tx) => {
      await lockOrders(tx, [orderId]);
      expect(await send({ wallet_id })).toBe(204);
    });
    expect(await harness.order(orderId)).toMatchObject({ due_by: null });
  });

  test('leaves out orders that are due for it already, so a later one reaches those behind the page', async () => {
    const { database } = harness;
    const first = await refusedOrder('wallet_forbids_negative: 3.0000 missing');
    await harness.stopWorkers();
    const { wallet_id } = first;
    await database.pool.query(
      `INSERT INTO cashback.order_clears (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum,
         cashback_sum, revision, attention, attention_code, attention_since)
       VALUES ('second', 'yellow', 'user-1', $1, 'EUR', 1, 100, 10, 1, 'the wallet owes', 'owed', now())`,
      [wallet_id],
    );
    const page = () => findWalletWaits(database.pool, { wallet_id, limit: 1 });
    expect(await page()).toEqual([first.orderId]);
    await withTransaction(database, (tx) => makeDue(tx, [first.orderId], 'balance'));
    expect(await page()).toEqual(['second']);
  });
});
