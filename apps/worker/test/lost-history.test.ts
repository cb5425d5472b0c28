import { startEventsEpoch } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { readUntil } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Harness, type OrderRow, createHarness, newOrderId } from './support/harness.ts';
import { type RealTransactions, startRealTransactions } from './support/real-transactions.ts';

let harness: Harness;
let real: RealTransactions;

beforeAll(async () => {
  harness = await createHarness();
  real = await startRealTransactions(harness.test_database.url, undefined, {
    TRUST_LISTS_BASKETS: 'no',
    TRUST_TIMEOUT_MS: '5000',
  });
});
beforeEach(startWorker);
afterAll(async () => {
  await harness?.stopWorkers();
  await real?.stop();
  await harness?.stop();
});

async function startWorker(): Promise<void> {
  await harness.stopWorkers();
  await harness.startWorker({
    transactions_url: real.transactions.url ?? '',
    transactions_token: real.token,
    poll_base_ms: 20,
    poll_max_ms: 200,
    attention_poll_ms: 100,
    attention_poll_max_ms: 200,
  });
}

/** An order, and what its target was, one after the other. */
async function settledOrder(targets: readonly string[]): Promise<{ orderId: string; wallet_id: string }> {
  const orderId = newOrderId('lost');
  const wallet_id = `wallet-${orderId}`;
  await real.createInvoice(orderId, wallet_id);
  for (const target of targets) await settle(orderId, wallet_id, target);
  return { orderId, wallet_id };
}

async function settle(orderId: string, wallet_id: string, target: string): Promise<void> {
  await harness.register(orderId, target, { wallet_id });
  await harness.untilSettled(orderId);
}

/** All tables of transactions, as of one moment. */
async function backUp(): Promise<void> {
  await withTransaction(harness.database, async ({ client }) => {
    await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await client.query('DROP SCHEMA IF EXISTS backup CASCADE');
    await client.query('CREATE SCHEMA backup');
    for (const table of await tables()) {
      await client.query(`CREATE TABLE backup.${table} AS TABLE transactions.${table}`);
    }
  });
}

/** Transactions forgets what happened since the backup, and begins an epoch. Trust and the worker remember. */
async function restore(): Promise<void> {
  await harness.stopWorkers();
  const names = await tables();
  await withTransaction(harness.database, async ({ client }) => {
    await client.query(`TRUNCATE ${names.map((table) => `transactions.${table}`).join(', ')}`);
    for (const table of names) {
      await client.query(`INSERT INTO transactions.${table} OVERRIDING SYSTEM VALUE TABLE backup.${table}`);
    }
    await client.query(
      `INSERT INTO transactions.feed_epochs SELECT max(epoch) + 1 FROM transactions.feed_epochs`,
    );
  });
}

async function tables(): Promise<string[]> {
  const { rows } = await harness.database.pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'transactions'::regnamespace AND relkind = 'r' ORDER BY relname`,
  );
  return rows.map(({ name }) => name);
}

/** What was ever carried out in a wallet. */
async function movements(wallet_id: string): Promise<{ kind: string; amount: string }[]> {
  const { rows } = await harness.database.pool.query(
    'SELECT kind, amount FROM trust.wallet_movements WHERE wallet_id = $1 ORDER BY created_at, kind DESC',
    [wallet_id],
  );
  return rows;
}

async function stepIds(orderId: string): Promise<string[]> {
  const { rows } = await harness.database.pool.query<{ step_id: string }>(
    `SELECT step_id FROM transactions.cashback_operations JOIN transactions.operation_steps USING (operation_id)
     WHERE invoice_id = $1 ORDER BY version, step_number`,
    [orderId],
  );
  return rows.map(({ step_id }) => step_id);
}

async function cashbackOf(invoice_id: string) {
  return (await real.post(real.transactions, '/v2/invoice/retrieve', { invoice_id })).body.cashback;
}

const untilLost = (orderId: string): Promise<OrderRow> =>
  readUntil(
    () => harness.order(orderId),
    ({ attention_code }) => attention_code === 'history_lost',
    { timeout_ms: 60_000 },
  );

test('5 are paid, a restore forgets it, Trust has no list, and the target is now 3: the wallet ends at 3', async () => {
  const { orderId, wallet_id } = await settledOrder([]);
  await backUp();
  await settle(orderId, wallet_id, '5');
  const forgotten = await stepIds(orderId);
  await restore();
  expect(await cashbackOf(orderId)).toMatchObject({ version: 0, rewarded: [], history: 'unknown' });

  await harness.register(orderId, '3', { wallet_id });
  await startWorker();
  await harness.untilSettled(orderId);
  expect(await movements(wallet_id)).toEqual([
    { kind: 'topup', amount: '5.0000' },
    { kind: 'refund', amount: '2.0000' },
  ]);
  const [repeated, ...more] = await stepIds(orderId);
  expect([repeated]).toEqual(forgotten);
  expect(more).toHaveLength(1);
  const { history, rewarded } = (await cashbackOf(orderId)) as { history?: string; rewarded: object[] };
  expect([history, rewarded]).toEqual([undefined, [{ source: 'user', amount: '3.0000' }]]);
  // Each need has had one operation.
  expect((await harness.operations(orderId)).map(({ outcome }) => outcome)).toEqual(['applied', 'applied']);
});

test('a chain of top-ups and refunds is carried out again in its order, under the ids that Trust has, and moves nothing', async () => {
  const { orderId, wallet_id } = await settledOrder(['5']);
  await backUp();
  for (const target of ['2', '8', '1.5']) await settle(orderId, wallet_id, target);
  const [ids, moved] = [await stepIds(orderId), await movements(wallet_id)];
  await restore();
  await startWorker();
  await harness.register(orderId, '1.5', { wallet_id });
  await readUntil(
    () => stepIds(orderId),
    (found) => found.length === ids.length,
    { timeout_ms: 60_000 },
  );
  await harness.untilSettled(orderId);
  expect(await stepIds(orderId)).toEqual(ids);
  expect(await movements(wallet_id)).toEqual(moved);

  await settle(orderId, wallet_id, '4');
  expect(await movements(wallet_id)).toEqual([...moved, { kind: 'topup', amount: '2.5000' }]);
});

test('an order whose target is 0 since the restore takes back what the restore forgot', async () => {
  const { orderId, wallet_id } = await settledOrder([]);
  await backUp();
  await settle(orderId, wallet_id, '5');
  await restore();
  await harness.register(orderId, '0', { wallet_id });
  await startWorker();
  await harness.untilSettled(orderId);
  expect(await movements(wallet_id)).toEqual([
    { kind: 'topup', amount: '5.0000' },
    { kind: 'refund', amount: '5.0000' },
  ]);
});

test('an order that begins after the restore needs nobody', async () => {
  await backUp();
  await restore();
  await startWorker();
  const { wallet_id } = await settledOrder(['7']);
  expect(await movements(wallet_id)).toEqual([{ kind: 'topup', amount: '7.0000' }]);
});

test('another basket at Trust under a repeated id: the order needs attention, and nothing more is sent', async () => {
  const { orderId, wallet_id } = await settledOrder([]);
  await backUp();
  await settle(orderId, wallet_id, '5');
  await harness.database.pool.query('UPDATE trust.baskets SET amount = 6 WHERE order_id = $1', [orderId]);
  await restore();
  await harness.register(orderId, '8', { wallet_id });
  await startWorker();
  await readUntil(
    () => harness.order(orderId),
    ({ attention_code }) => attention_code === 'trust_differs',
    { timeout_ms: 60_000 },
  );
  expect(await movements(wallet_id)).toEqual([{ kind: 'topup', amount: '5.0000' }]);
  expect((await cashbackOf(orderId)).status).toBe('in-progress');
});

test('a worker whose tables were restored, too, may lack operations: the order needs attention', async () => {
  const { orderId, wallet_id } = await settledOrder(['5']);
  await backUp();
  await settle(orderId, wallet_id, '6');
  await restore();
  await withTransaction(harness.database, (tx) => startEventsEpoch(tx));
  await harness.register(orderId, '9', { wallet_id });
  await startWorker();
  expect((await untilLost(orderId)).attention).toContain('may lack operations');
  expect(await movements(wallet_id)).toEqual([
    { kind: 'topup', amount: '5.0000' },
    { kind: 'topup', amount: '1.0000' },
  ]);
});
