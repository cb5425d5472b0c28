import { invoice as invoiceShape } from '@cashback/wire';
import { waitUntil } from '@cashback/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newOrder, paid } from './support/orders.ts';
import { type System, startSystem } from './support/system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ pays: true });
});
afterAll(() => system.stop());

type Order = ReturnType<typeof newOrder>;

const TABLES = ['order_clears', 'events', 'operations', 'operation_outcomes', 'order_rates', 'drifts'];

/** Keeps what schema `cashback` has of all orders, as a backup of it alone does. */
async function backUp(): Promise<void> {
  await system.database.pool.query(
    `CREATE SCHEMA backup; ${TABLES.map((table) => `CREATE TABLE backup.${table} AS TABLE cashback.${table}`).join(';')}`,
  );
}

/** Brings back what the backup has of the order. All other schemas stay as they are. */
async function restore({ order_id }: Order): Promise<void> {
  const client = await system.database.pool.connect();
  try {
    await client.query('BEGIN');
    // Append-only tables and references between them do not stand in the way of a restore.
    await client.query('SET LOCAL session_replication_role = replica');
    for (const table of TABLES) {
      await client.query(`DELETE FROM cashback.${table} WHERE order_id = $1`, [order_id]);
      const text = `INSERT INTO cashback.${table} OVERRIDING SYSTEM VALUE SELECT * FROM backup.${table} WHERE order_id = $1`;
      await client.query(text, [order_id]);
    }
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

/** The target, what is rewarded, and what the wallet holds, once the order has settled on them. */
async function untilSettled(order: Order, value: string): Promise<void> {
  await waitUntil(`target, rewarded and wallet are ${value}`, async () => {
    const stored = await order.stored();
    const { cashback, wallet_id } = await system.transactions.post(
      '/v2/invoice/retrieve',
      { invoice_id: order.order_id },
      invoiceShape,
    );
    const text = 'SELECT balance::text FROM trust.wallets WHERE wallet_id = $1';
    const { rows } = await system.database.pool.query<{ balance: string }>(text, [wallet_id]);
    const target = stored?.target.find(({ source }) => source === 'user')?.value;
    const rewarded = cashback.rewarded.find(({ source }) => source === 'user')?.amount;
    const found = [stored?.state, target, rewarded, rows[0]?.balance];
    return JSON.stringify(found) === JSON.stringify(['settled', value, value, value]);
  });
}

/** An audit of the order becomes due, and ends. */
async function audited({ order_id }: Order): Promise<void> {
  const { pool } = system.database;
  const text =
    'SELECT audit_step, hints = answered_hints AS ended FROM processing.invoice_changes WHERE order_id = $1';
  const before = await pool.query(text, [order_id]);
  await pool.query('UPDATE processing.invoice_changes SET audit_at = now() WHERE order_id = $1', [order_id]);
  await waitUntil('the audit has ended', async () => {
    const { rows } = await pool.query(text, [order_id]);
    return rows[0].audit_step === before.rows[0].audit_step + 1 && rows[0].ended;
  });
}

it('schema cashback alone restored, without a notice: an audit brings target and money back, and a second one changes nothing', async () => {
  await system.startProcessing();
  const order = newOrder(system);
  await order.putRates({ source: 'user', rate: '0.1' });
  await order.create('cleared', paid('50'));
  await untilSettled(order, '5.0000');
  await backUp();
  await order.update(1, 'cleared', paid('80'));
  await untilSettled(order, '8.0000');

  await restore(order);
  await order.untilTarget('5.0000', '0.0000');
  await audited(order);
  await untilSettled(order, '8.0000');
  const { rows } = await system.database.pool.query(
    'SELECT class, before, after, found_by, healed FROM processing.drifts WHERE order_id = $1',
    [order.order_id],
  );
  expect(rows).toMatchObject([
    {
      class: 'version_behind',
      before: { version: 1 },
      after: { version: 2 },
      found_by: 'audit',
      healed: true,
    },
  ]);

  const { revision } = (await order.stored()) ?? {};
  await audited(order);
  expect(await order.stored()).toMatchObject({ revision, state: 'settled' });
  await untilSettled(order, '8.0000');
  await system.stopProcessing();
});
