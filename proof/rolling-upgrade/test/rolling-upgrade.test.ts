import { cashbackEvent } from '@cashback/contract';
import { type OutsideTransactions, startOutsideTransactions } from '@cashback/outside-transactions';
import { type Database, migrate, migrationsFolder, openDatabase } from '@cashback/postgres';
import { createHttpClient } from '@cashback/service';
import { type TestDatabase, createTestDatabase, readUntil, untilEqual } from '@cashback/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  migrateToOldRelease,
  oldAnswer,
  oldReaderReads,
  oldServerRegisters,
  oldWorkerCharges,
  totalOfOldWorker,
} from '../src/old-release.ts';
import {
  type NewServer,
  TOKEN,
  registerInput,
  startNewProcessing,
  startNewServer,
  startNewTransactions,
  startNewWorker,
  values,
} from './new-release.ts';

// One database goes through the steps, so the tests stand in their order.
let testDatabase: TestDatabase;
let database: Database;
let server: NewServer;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  cleanups.push(() => testDatabase.drop());
  database = openDatabase({ url: testDatabase.url, application_name: 'rolling-upgrade-test' });
  cleanups.push(() => database.close());
  await migrateToOldRelease(database, testDatabase.url);
});
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

type Amounts = Omit<Parameters<typeof registerInput>[0], 'order_id'>;

const register = (order_id: string, fields: Amounts) =>
  server.client.register(registerInput({ order_id, ...fields }));

async function targetOf(order_id: string): Promise<{ user?: string; service?: string }> {
  const { target } = await server.client.order({ order_id });
  return Object.fromEntries(target.map(({ source, value }) => [source, value]));
}

describe('1. «Добавить новое поле в `cashback.events`»', () => {
  test('old rows are of user, even while an old server keeps writing them', async () => {
    await oldServerRegisters(database, { order_id: 'old', cashback_sum: '5' });
    await oldServerRegisters(database, { order_id: 'old', cashback_sum: '7' });
    await oldServerRegisters(database, { order_id: 'old-and-gone', cashback_sum: '0' });

    await migrate({ url: testDatabase.url, folder: migrationsFolder });
    await oldServerRegisters(database, { order_id: 'between', cashback_sum: '3' });
    await oldServerRegisters(database, { order_id: 'between', cashback_sum: '4' });

    const { rows } = await database.pool.query(
      'SELECT order_id, source, value FROM cashback.events ORDER BY event_id',
    );
    expect(rows).toEqual(
      [
        ['old', '5.0000'],
        ['old', '7.0000'],
        ['old-and-gone', '0.0000'],
        ['between', '3.0000'],
        ['between', '4.0000'],
      ].map(([order_id, value]) => ({ order_id, source: 'user', value })),
    );
  });

  test('a new server reads them as the target of user, and continues from there', async () => {
    server = await startNewServer(testDatabase.url);
    cleanups.push(() => server.stop());
    expect(await targetOf('old')).toEqual({ user: '7.0000', service: '0.0000' });
    expect(await targetOf('between')).toEqual({ user: '4.0000', service: '0.0000' });
    expect(await targetOf('old-and-gone')).toEqual({ user: '0.0000', service: '0.0000' });
    expect(await register('old', { invoice_version: 2, ...values('7') })).toMatchObject({
      outcome: 'unchanged',
      revision: 2,
    });
    expect(await register('between', { invoice_version: 3, ...values('6') })).toMatchObject({
      outcome: 'registered',
      revision: 3,
    });
  });
});

describe('2. «Добавить новое поле в ответ ручки `/internal/events`»', () => {
  test('every event has it; old ones are of `user`', async () => {
    expect((await server.client.events({ order_id: 'old' })).events).toMatchObject([
      { source: 'user', value: '5.0000', revision: 1 },
      { source: 'user', value: '7.0000', revision: 2 },
    ]);
  });

  test('readers that do not know it continue: one order, and the feed from their cursor', async () => {
    const { events, cursor } = await oldReaderReads(server.url, TOKEN, { order_id: 'between' });
    expect(events.map(({ value }) => value)).toEqual(['3.0000', '4.0000', '6.0000']);
    await register('between', { invoice_version: 4, ...values('8') });
    const news = await readUntil(async () => {
      const page = await oldReaderReads(server.url, TOKEN, { after: cursor, limit: 10 });
      return page.events.find(({ revision }) => revision === 4);
    });
    // They read the newest value as the whole, which is right while user alone pays.
    expect(news).toMatchObject({ order_id: 'between', value: '8.0000' });
    expect(news).not.toHaveProperty('source');

    const all = await oldReaderReads(server.url, TOKEN, { limit: 100 });
    expect(all.events.map(({ order_id, value }) => `${order_id} ${value}`)).toEqual([
      'old 5.0000',
      'old 7.0000',
      'old-and-gone 0.0000',
      'between 3.0000',
      'between 4.0000',
      'between 6.0000',
      'between 8.0000',
    ]);
  });

  test('a current reader ignores fields of a later release', async () => {
    const { events } = await server.client.events({ order_id: 'old' });
    expect(cashbackEvent.parse({ ...events[0], funded_for: 'tomorrow' })).toEqual(events[0]);
  });
});

describe('3. «Доработки в `cashback_charge_processing`»', () => {
  let outside: OutsideTransactions;
  beforeAll(async () => {
    outside = await startOutsideTransactions(database);
    cleanups.push(() => outside.stop());
    for (const orderId of ['old', 'old-and-gone', 'between', 'shared']) {
      outside.addInvoice(orderId, { currency: 'USD' });
    }
  });

  test('an old worker reads the newest event as the whole sum, and it is, for every call of a new server', async () => {
    const order_id = 'of-user-alone';
    const calls: Amounts[] = [
      { cashback_sum: '5' },
      values('6'),
      values('7', '0'),
      { cashback_by_source: [{ source: 'service', value: '0' }] },
      { cashback_sum: '9', ...values('9', '0') },
      { cashback_by_source: [] },
      values('0.0001', '0'),
    ];
    for (const [index, amounts] of calls.entries()) {
      const { cashback_sum } = await register(order_id, { invoice_version: index + 1, ...amounts });
      expect(await totalOfOldWorker(database, order_id)).toBe(cashback_sum);
      expect(await targetOf(order_id)).toEqual({ user: cashback_sum, service: '0.0000' });
    }
    const { events } = await server.client.events({ order_id });
    expect(events.map(({ source }) => source)).toEqual(events.map(() => 'user'));
  });

  test('a new worker charges old orders as those of user, although no job was queued for them', async () => {
    const worker = await startNewWorker(testDatabase.url, outside.url);
    for (const orderId of ['old', 'between', 'old-and-gone']) {
      await readUntil(async () => {
        const { state } = await server.client.order({ order_id: orderId });
        return state === 'settled';
      });
    }
    await worker.stop();
    expect(outside.updates('old').map(({ reward }) => reward)).toEqual([
      [{ source: 'user', amount: '7.0000' }],
    ]);
    expect(outside.updates('between').map(({ reward }) => reward)).toEqual([
      [{ source: 'user', amount: '8.0000' }],
    ]);
    expect(outside.updates('old-and-gone')).toEqual([]);
    // The old worker finds nothing left to do.
    expect(await oldWorkerCharges(database, outside.url, 'old')).toBe('settled');
  });

  test('an old and a new worker on one order reward one target, once', async () => {
    outside.on_accept = 'stay';
    await register('shared', values('5'));
    expect(await oldWorkerCharges(database, outside.url, 'shared')).toBe('updated');
    const worker = await startNewWorker(testDatabase.url, outside.url);
    await register('shared', { invoice_version: 2, ...values('6', '0') });
    await readUntil(async () => outside.retrieves('shared') > 2);
    expect(await oldWorkerCharges(database, outside.url, 'shared')).toBe('again later');

    outside.on_accept = 'success';
    outside.finish('shared', 'success');
    await readUntil(async () => {
      const { state } = await server.client.order({ order_id: 'shared' });
      return state === 'settled';
    });
    await worker.stop();
    expect(await oldWorkerCharges(database, outside.url, 'shared')).toBe('settled');
    expect(outside.updates('shared').map(({ reward }) => reward)).toEqual([
      [{ source: 'user', amount: '5.0000' }],
      [{ source: 'user', amount: '6.0000' }],
    ]);
    expect(outside.cashback('shared').rewarded).toEqual([{ source: 'user', amount: '6.0000' }]);
  });
});

describe('4. «Доработки в ручке `/v2/internal/cashback/register`»', () => {
  test('callers that send one sum and callers that send sources take turns on one order', async () => {
    const order_id = 'mixed';
    const old = await register(order_id, { cashback_sum: '5' });
    expect(oldAnswer.parse(old)).toEqual({ need_processing: true });
    expect(await register(order_id, values('5', '0'))).toMatchObject({ outcome: 'unchanged', revision: 1 });
    expect(await register(order_id, { invoice_version: 2, ...values('6') })).toMatchObject({ revision: 2 });
    expect(await register(order_id, { invoice_version: 2, cashback_sum: '6' })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(await register(order_id, { invoice_version: 1, cashback_sum: '5' })).toMatchObject({
      outcome: 'stale',
    });
    expect(await register(order_id, { invoice_version: 3, cashback_sum: '7' })).toMatchObject({
      outcome: 'registered',
      revision: 3,
    });
    expect(await targetOf(order_id)).toEqual({ user: '7.0000', service: '0.0000' });
  });

  test('a caller that sends one sum never reduces a source that it does not know', async () => {
    const order_id = 'mixed';
    await register(order_id, { invoice_version: 4, ...values('7', '2') });
    // An old instance of the caller, not replaced yet: it sends the same amounts as one sum.
    const twin = { invoice_version: 5, cashback_sum: '9' };
    expect(oldAnswer.parse(await register(order_id, twin))).toEqual({ need_processing: true });
    for (const cashback_sum of ['0', '7', '10']) {
      await expect(register(order_id, { invoice_version: 5, cashback_sum })).rejects.toMatchObject({
        code: 'SOURCE_SPLIT_REQUIRED',
        retryable: false,
        details: { stored_by_source: values('7.0000', '2.0000').cashback_by_source },
      });
    }
    expect(await targetOf(order_id)).toEqual({ user: '7.0000', service: '2.0000' });

    // Once the service pays nothing again, one sum is enough.
    await register(order_id, { invoice_version: 6, ...values('7', '0') });
    expect(await register(order_id, { invoice_version: 7, cashback_sum: '3' })).toMatchObject({
      outcome: 'registered',
      cashback_sum: '3.0000',
    });
  });
});

test('5. «Доработки в `universal_cashback_processing`»: it sends each source, of old orders too, and the worker rewards each', async () => {
  await using stack = new AsyncDisposableStack();
  const own = await createTestDatabase();
  stack.defer(() => own.drop());
  const ownDatabase = openDatabase({ url: own.url, application_name: 'rolling-upgrade-test' });
  stack.defer(() => ownDatabase.close());
  const { client, url, stop } = await startNewServer(own.url);
  stack.defer(stop);
  const transactions = await startNewTransactions(own.url);
  stack.defer(() => transactions.stop());
  const invoices = createHttpClient({
    name: 'transactions',
    base_url: transactions.url,
    token: TOKEN,
    timeout_ms: 10_000,
  });
  stack.defer(() => invoices.close());

  const order_id = 'order-1';
  const payee = { user_id: 'user-1', wallet_id: 'wallet-1', currency: 'USD' };
  const order = { order_id, service: 'yellow', ...payee };
  await client.rates.put({
    order_id,
    service: 'yellow',
    rates: [
      { source: 'user', rate: '0.05' },
      { source: 'service', rate: '0.02' },
    ],
  });
  const payments = [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '100' }] }];
  const invoice = { invoice_id: order_id, service: 'yellow', ...payee, status: 'cleared', payments };
  await invoices.post('/v2/invoice/create', invoice, z.unknown());
  // As the old processing sent it: the service's amount was added to the user's.
  await client.register({ ...order, invoice_version: 1, cleared_sum: '100', cashback_sum: '7' });

  const processing = await startNewProcessing(own.url, { server: url, transactions: transactions.url });
  stack.defer(() => processing.stop());
  await untilEqual(
    async () => (await client.order({ order_id })).target,
    [
      { source: 'user', value: '5.0000' },
      { source: 'service', value: '2.0000' },
    ],
  );
  const { events } = await client.events({ order_id });
  expect(
    events.filter(({ revision }) => revision === 2).map(({ source, value }) => ({ source, value })),
  ).toEqual([
    { source: 'service', value: '2.0000' },
    { source: 'user', value: '5.0000' },
  ]);

  const outside = await startOutsideTransactions(ownDatabase);
  stack.defer(() => outside.stop());
  outside.addInvoice(order_id, payee);
  const worker = await startNewWorker(own.url, outside.url);
  stack.defer(() => worker.stop());
  await readUntil(async () => (await client.order({ order_id })).state === 'settled');
  expect(outside.updates(order_id).map(({ reward }) => reward)).toEqual([
    [
      { source: 'user', amount: '5.0000' },
      { source: 'service', amount: '2.0000' },
    ],
  ]);
  // This is why it is the last step: an old worker would read one source as the whole.
  expect(await totalOfOldWorker(ownDatabase, order_id)).not.toBe('7.0000');
});
