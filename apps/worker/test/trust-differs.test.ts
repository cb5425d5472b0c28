import { readUntil } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';
import { type RealTransactions, startRealTransactions } from './support/real-transactions.ts';
import { startRoundingTrust } from './support/rounding-trust.ts';

let harness: Harness;
let real: RealTransactions;
let trust: Awaited<ReturnType<typeof startRoundingTrust>>;

beforeAll(async () => {
  trust = await startRoundingTrust();
  harness = await createHarness();
  real = await startRealTransactions(harness.test_database.url, undefined, {
    TRUST_TIMEOUT_MS: '5000',
    TRUST_URL: trust.url,
  });
  await harness.startWorker({
    transactions_url: real.transactions.url ?? '',
    transactions_token: real.token,
    failure_base_ms: 20,
    failure_max_ms: 50,
    max_failures: 10,
    attention_poll_ms: 50,
    attention_poll_max_ms: 50,
  });
});
afterAll(async () => {
  await harness?.stopWorkers();
  await real?.stop();
  await harness?.stop();
  await trust?.stop();
});
beforeEach(() => trust.keepCents());

/** The order while it needs attention, after Trust was asked ten more times. */
async function untilDiffers(orderId: string) {
  const order = await readUntil(
    () => harness.order(orderId),
    ({ attention_code }) => attention_code === 'trust_differs',
    { timeout_ms: 60_000 },
  );
  const before = trust.requests();
  await readUntil(
    async () => {
      expect((await harness.order(orderId)).attention_code).toBe('trust_differs');
      return trust.requests();
    },
    (requests) => requests >= before + 10,
    { timeout_ms: 60_000 },
  );
  return order;
}

async function driftsOf(orderId: string) {
  const { rows } = await harness.database.pool.query(
    'SELECT class, before, after, healed FROM cashback.drifts WHERE order_id = $1 ORDER BY drift_id',
    [orderId],
  );
  return rows as { class: string; before: object; after: { reason: string }; healed: boolean }[];
}

test('a payment that Trust rounds is made once, waits, and settles once Trust has what was asked for', async () => {
  const orderId = newOrderId('rounded');
  const wallet_id = `wallet-${orderId}`;
  const before = trust.balance();
  expect(before).toBe('0.0000');
  await real.createInvoice(orderId, wallet_id);
  await harness.register(orderId, '1.2345', { wallet_id });
  const difference = 'amount: asked for 1.2345, Trust has 1.2300';
  expect((await untilDiffers(orderId)).attention).toContain(difference);
  expect(trust.balance()).toBe('1.2300');
  expect(await driftsOf(orderId)).toMatchObject([
    {
      class: 'trust_differs',
      before: { target: [{ source: 'user', amount: '1.2345' }] },
      after: { rewarded: [], reason: expect.stringContaining(difference) },
      healed: false,
    },
  ]);

  trust.correct();
  expect(await harness.untilSettled(orderId)).toMatchObject({
    rewarded: [{ source: 'user', amount: '1.2345' }],
    attention: null,
    attention_code: null,
  });
  expect(trust.balance()).toBe('1.2345');
  expect(await harness.operations(orderId)).toHaveLength(1);
  expect(await driftsOf(orderId)).toHaveLength(1);
});

test('a take-back that Trust rounds is made once, also when the target changes meanwhile', async () => {
  const orderId = newOrderId('rounded');
  const wallet_id = `wallet-${orderId}`;
  const before = Number(trust.balance());
  await real.createInvoice(orderId, wallet_id);
  await harness.register(orderId, '10', { wallet_id });
  await harness.untilSettled(orderId);
  await harness.register(orderId, '8.7655', { wallet_id });
  await untilDiffers(orderId);
  await harness.register(orderId, '8.7654', { wallet_id });
  expect((await untilDiffers(orderId)).attention).toContain('amount: asked for 1.2345, Trust has 1.2300');
  expect(Number(trust.balance()) - before).toBeCloseTo(8.77, 4);
  expect(await harness.operations(orderId)).toHaveLength(2);

  trust.correct();
  expect(await harness.untilSettled(orderId)).toMatchObject({
    rewarded: [{ source: 'user', amount: '8.7654' }],
    attention_code: null,
  });
  expect(Number(trust.balance()) - before).toBeCloseTo(8.7654, 4);
  expect(await harness.operations(orderId)).toHaveLength(3);
});
