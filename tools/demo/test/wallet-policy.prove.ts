import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OrderOutput } from '@cashback/contract';
import { invoice, walletBalance } from '@cashback/wire';
import { type TestDatabase, createTestDatabase, readUntil } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FrontDoor, openFrontDoor } from '@cashback/scenario';
import { freePortsOfAll, startSystem, type System } from '@cashback/system';

const TIMEOUT_MS = 300_000;
const folder = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
let database: TestDatabase;
let system: System;
let door: FrontDoor;

beforeAll(async () => {
  database = await createTestDatabase();
  system = await startSystem({
    data_folder: folder,
    work_folder: folder,
    database_url: database.url,
    ports: await freePortsOfAll(),
    settings: {
      transactions: { WALLET_POLICIES: '{"yellow":"fail"}' },
      // So slow that only the callback of the balance can have been what ended the need.
      worker: { ATTENTION_POLL_MS: '3600000', ATTENTION_POLL_MAX_MS: '3600000' },
    },
    report: () => {},
  });
  door = openFrontDoor(system);
}, TIMEOUT_MS);
afterAll(async () => {
  await door?.close();
  await system?.stop();
  await database.drop();
  rmSync(folder, { recursive: true });
});

/** An order of 100 that gives 10 back, settled. */
async function settledOrder(wallet_id: string): Promise<string> {
  const order_id = randomUUID();
  await door.server.rates.put({
    order_id,
    service: 'yellow',
    rates: [{ source: 'user', rate: '0.1' }],
  });
  const body = {
    invoice_id: order_id,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id,
    currency: 'USD',
    status: 'cleared',
    payments: [{ payment_type: 'card', items: [{ item_id: 'fare', amount: '100' }] }],
  };
  await door.transactions.post('/v2/invoice/create', body, invoice);
  await orderThat(order_id, ({ state }) => state === 'settled');
  return order_id;
}

async function orderThat(order_id: string, isSo: (order: OrderOutput) => boolean): Promise<OrderOutput> {
  return readUntil(
    async () => {
      try {
        return await door.server.order({ order_id });
      } catch (error) {
        if ((error as { code?: string }).code === 'ORDER_NOT_FOUND') return undefined;
        throw error;
      }
    },
    (order) => order !== undefined && isSo(order),
  );
}

const balanceOf = async (wallet_id: string): Promise<string> =>
  (await door.trust.get(`/wallets/${wallet_id}`, walletBalance)).balance;

test(
  'with negative balances forbidden, an order whose wallet was spent needs attention until the wallet has money',
  async () => {
    const wallet_id = randomUUID();
    const order_id = await settledOrder(wallet_id);
    await door.trust.post(
      `/wallets/${wallet_id}/spend`,
      { spend_id: randomUUID(), amount: '8' },
      walletBalance,
    );
    await door.transactions.post(
      '/v2/invoice/update',
      { invoice_id: order_id, version: 1, status: 'cleared', payments: [] },
      invoice,
    );

    const stopped = await orderThat(order_id, ({ state }) => state === 'needs_attention');
    expect(stopped.attention).toMatch(/^wallet_forbids_negative: refund of 10\.0000 .+ holds 2\.0000/);
    expect(stopped).toMatchObject({ revision: 2, settled_revision: 1, cashback_sum: '0.0000' });
    expect(stopped.rewarded).toEqual([{ source: 'user', amount: '10.0000' }]);
    expect(stopped.operations[0]).toMatchObject({ outcome: 'failed', reason: stopped.attention });
    expect(await balanceOf(wallet_id)).toBe('2.0000');

    // Resumed too early it comes back with the reason, and nothing has moved.
    const registered = {
      order_id,
      service: 'yellow',
      user_id: 'user-1',
      wallet_id,
      currency: 'USD',
      invoice_version: stopped.invoice_version,
      cleared_sum: stopped.cleared_sum,
      cashback_by_source: stopped.target,
    };
    expect(await door.server.register(registered)).toMatchObject({ outcome: 'unchanged' });
    const again = await orderThat(
      order_id,
      ({ state, operations }) => state === 'needs_attention' && operations.length > stopped.operations.length,
    );
    expect(again.attention).toMatch(/^wallet_forbids_negative/);
    expect(await balanceOf(wallet_id)).toBe('2.0000');

    // Another order brings money into the wallet.
    await settledOrder(wallet_id);
    const settled = await orderThat(order_id, ({ state }) => state === 'settled');
    expect(settled).not.toHaveProperty('attention');
    expect(settled.rewarded).toEqual([{ source: 'user', amount: '0.0000' }]);
    expect(await balanceOf(wallet_id)).toBe('2.0000');
  },
  TIMEOUT_MS,
);
