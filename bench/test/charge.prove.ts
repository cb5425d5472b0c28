import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { freePort } from '@cashback/system/free-ports';
import { makeWorkerUtils } from 'graphile-worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInvoice } from '@cashback/transactions/create-invoice';
import { withClient } from '../src/database/with-client.ts';
import { createIds } from '../src/register/order-ids.ts';
import type { ContenderSetup } from '../src/charge/contenders/contender.ts';
import { startContender } from '../src/charge/contenders/start-contender.ts';
import { openChargeQueue } from '../src/charge/contenders/worker.ts';
import { benchOrder } from '../src/charge/fill/bench-order.ts';
import { checkSettled } from '../src/charge/fill/check-settled.ts';
import { writeInvoices, writeOrders } from '../src/charge/fill/write-orders.ts';
import { type BenchRedis, openRedis } from '../src/charge/upstream/redis.ts';
import { type StandIn, startStandIn } from '../src/charge/upstream/stand-in.ts';
import { newSigningSecret } from '../src/charge/upstream/start-upstream.ts';

const ORDERS = 30;
const nextId = createIds('random');
const newOrders = (count: number) => Array.from({ length: count }, () => benchOrder(nextId()));

let database: TestDatabase;
let redis: BenchRedis | null;
let standIn: StandIn;
let setup: ContenderSetup;
let logs: string;

beforeAll(async () => {
  logs = mkdtempSync(path.join(tmpdir(), 'cashback-bench-test-'));
  database = await createTestDatabase();
  const utils = await makeWorkerUtils({ connectionString: database.url });
  await utils.migrate();
  await utils.release();
  // The server normally creates the queue that the worker expects.
  await (await openChargeQueue(database.url)).close();
  redis = await openRedis(undefined);
  const callbacks = { port: await freePort(), secret: newSigningSecret() };
  const url = `http://127.0.0.1:${callbacks.port}`;
  standIn = await startStandIn({ rewarded: false, callbacks: { url, secret: callbacks.secret } });
  setup = {
    database_url: database.url,
    transactions: { url: standIn.url, token: 'token-of-the-test' },
    callbacks,
    redis,
    log_folder: logs,
    signal: new AbortController().signal,
  };
});

afterAll(async () => {
  await standIn?.close();
  await redis?.stop();
  await database?.drop();
  rmSync(logs, { recursive: true, force: true });
});

describe('charging', () => {
  for (const way of ['worker', 'graphile-worker', 'bullmq'] as const) {
    test(`by ${way} settles every order with one operation, which reaches its target`, async (context) => {
      context.skip(way === 'bullmq' && redis === null, 'there is no redis-server');
      await withClient(database.url, async (client) => {
        await client.query(
          'TRUNCATE cashback.order_clears, cashback.events, cashback.operations, cashback.operation_outcomes',
        );
        const orders = newOrders(ORDERS);
        await writeOrders(client, orders);
        const contender = await startContender[way](setup);
        try {
          const { begin } = await contender.prepare(orders);
          await expect(checkSettled(client, ORDERS)).rejects.toThrow('0 operations');
          await begin();
        } finally {
          await contender.stop();
        }
        await checkSettled(client, ORDERS);
        await expect(checkSettled(client, ORDERS + 1)).rejects.toThrow('should be settled');
      });
    });
  }

  test('by the bare calls ends when every invoice carries its target', async () => {
    const orders = newOrders(ORDERS);
    const bare = await startContender.bare(setup);
    try {
      await (await bare.prepare(orders)).begin();
    } finally {
      await bare.stop();
    }
    for (const { order_id, target } of orders) {
      const answer = await fetch(`${standIn.url}/v2/invoice/retrieve`, {
        method: 'POST',
        body: JSON.stringify({ invoice_id: order_id }),
      });
      expect(await answer.json()).toMatchObject({ cashback: { status: 'success', rewarded: target } });
    }
  });
});

test('without a redis-server there is no Redis to measure on, and no folder is left', async () => {
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('cashback-bench-redis-'));
  const before = folders();
  expect(await openRedis(undefined, logs)).toBeNull();
  expect(folders()).toEqual(before);
});

test('an inserted invoice has the rows of a created one', async () => {
  const [filled, created] = newOrders(2);
  if (filled === undefined || created === undefined) throw new Error('expected two orders');
  const transactions = openDatabase({ url: database.url, application_name: 'bench-test' });
  try {
    const { order_id: invoice_id, user_id, wallet_id, currency } = created;
    const payments = [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '1000.0000' }] }];
    const input = { invoice_id, service: 'yellow', user_id, wallet_id, currency, payments };
    await createInvoice(transactions, { ...input, status: 'cleared' }, 'bench');
    await withClient(database.url, async (client) => {
      await writeInvoices(client, [filled]);
      const rowsOf = async (id: string): Promise<unknown> => {
        const { rows } = await client.query<{ rows: string }>(
          `SELECT jsonb_agg(row)::text AS rows FROM (
             SELECT to_jsonb(i) - '{created_at,updated_at,xact_id,change_id,user_id,wallet_id}'::text[] AS row
             FROM transactions.invoices i WHERE invoice_id = $1
             UNION ALL SELECT to_jsonb(h) - '{created_at}'::text[] FROM transactions.invoice_history h
             WHERE invoice_id = $1) AS found`,
          [id],
        );
        return JSON.parse((rows[0]?.rows ?? '').replaceAll(id, 'the invoice'));
      };
      expect(await rowsOf(filled.order_id)).toEqual(await rowsOf(created.order_id));
    });
  } finally {
    await transactions.close();
  }
});
