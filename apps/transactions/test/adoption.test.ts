import { randomUUID } from 'node:crypto';
import { type Source, formatAmount, parseAmount } from '@cashback/contract';
import { withTransaction } from '@cashback/postgres';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { startEpoch } from '../src/db/queries/feeds/feed-epochs.ts';
import type { RealTrust } from './real-trust.ts';
import { setUpWithTrust } from './set-up.ts';
import {
  type TransactionsUnderTest,
  createInvoice,
  type newInvoice,
  newOperation,
  queryRows,
  retrieve,
  settledInvoice,
} from './support.ts';
import { expectTrustAgrees } from './trust-agrees.ts';

let trust: RealTrust;
let tearDown: (() => Promise<void>) | undefined;
let app: TransactionsUnderTest;
beforeAll(async () => {
  ({ app, trust, tearDown } = await setUpWithTrust());
});
beforeEach(() => trust.behave({}));
afterAll(() => tearDown?.());

type Invoice = ReturnType<typeof newInvoice>;
type Target = Partial<Record<Source, string>>;

const newEpoch = () => withTransaction(app.owner, (tx) => startEpoch(tx));

function operationFor(invoice: Invoice, version: number, target: Target) {
  const reward = Object.entries(target).map(([source, amount]) => ({ source, amount }));
  return newOperation(invoice, { version, reward });
}

/** Sends operations for the target, as the worker does: each by what was observed just before. */
async function reach(invoice: Invoice, target: Target) {
  return readUntil(async () => {
    const { cashback } = await settledInvoice(app, invoice.invoice_id);
    const isThere = ['user', 'service'].every((source) => {
      const held = cashback.rewarded.find((one: { source: string }) => one.source === source)?.amount ?? '0';
      return parseAmount(held) === parseAmount(target[source as Source] ?? '0');
    });
    const operation = operationFor(invoice, cashback.version, target);
    const { status, body } = await app.post('/update/cashback', operation);
    if (status === 200 && isThere) return settledInvoice(app, invoice.invoice_id);
    const again = ['VERSION_MISMATCH', 'OPERATION_IN_FLIGHT', 'HISTORY_UNKNOWN'];
    if (status !== 200) expect(again).toContain(body.error.code);
    return false;
  });
}

const TABLES = {
  invoices: 'stored.invoice_id = $1',
  invoice_history: 'stored.invoice_id = $1',
  baskets: 'stored.invoice_id = $1',
  cashback_operations: 'stored.invoice_id = $1',
  operation_steps:
    'stored.operation_id IN (SELECT operation_id FROM transactions.cashback_operations WHERE invoice_id = $1)',
};
type Backup = Map<string, unknown[]>;

/** Everything of an invoice here, as of one moment. */
async function backUp(invoiceId: string): Promise<Backup> {
  const backup: Backup = new Map();
  await withTransaction(app.owner, async ({ client }) => {
    await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    for (const [table, of] of Object.entries(TABLES)) {
      const { rows } = await client.query(
        `SELECT to_jsonb(stored) AS row FROM transactions.${table} AS stored WHERE ${of}`,
        [invoiceId],
      );
      backup.set(
        table,
        rows.map(({ row }) => row),
      );
    }
  });
  return backup;
}

/** The side forgets what happened to the invoice since, and begins an epoch. Trust remembers. */
async function restore(invoiceId: string, backup: Backup): Promise<void> {
  await withTransaction(app.owner, async ({ client }) => {
    for (const [table, of] of Object.entries(TABLES).toReversed()) {
      await client.query(`DELETE FROM transactions.${table} AS stored WHERE ${of}`, [invoiceId]);
    }
    for (const table of Object.keys(TABLES)) {
      await client.query(
        `INSERT INTO transactions.${table}
         SELECT * FROM jsonb_populate_recordset(NULL::transactions.${table}, $1::jsonb)`,
        [JSON.stringify(backup.get(table))],
      );
    }
  });
  await newEpoch();
}

test('after a restore that forgot a payment of 5, a target of 3 leaves 3 in the wallet', async () => {
  const invoice = await createInvoice(app);
  const backup = await backUp(invoice.invoice_id);
  await reach(invoice, { user: '5' });
  await restore(invoice.invoice_id, backup);
  expect(await retrieve(app, invoice.invoice_id)).toMatchObject({ cashback: { version: 0, rewarded: [] } });

  const first = await app.post('/update/cashback', operationFor(invoice, 0, { user: '3' }));
  expect(first.body.error).toMatchObject({ code: 'VERSION_MISMATCH', details: { current_version: 1 } });
  expect(await retrieve(app, invoice.invoice_id)).toMatchObject({
    cashback: { version: 1, rewarded: [{ source: 'user', amount: '5.0000' }] },
  });
  const { cashback } = await reach(invoice, { user: '3' });
  expect(cashback.rewarded).toEqual([{ source: 'user', amount: '3.0000' }]);
  expect(await trust.balanceOf(invoice.wallet_id)).toBe('3.0000');
});

test('an invoice that the restore lost is created again, and carries what Trust has', async () => {
  const invoice = await createInvoice(app);
  await reach(invoice, { user: '5', service: '2' });
  await restore(invoice.invoice_id, new Map(Object.keys(TABLES).map((table) => [table, []])));
  await app.post('/v2/invoice/create', invoice);
  await reach(invoice, { user: '5' });
  expect(await trust.balanceOf(invoice.wallet_id)).toBe('5.0000');
});

test('an adoption refunds a forgotten payee and pays the current one', async () => {
  const invoice = await createInvoice(app);
  await reach(invoice, { user: '5' });
  const backup = await backUp(invoice.invoice_id);
  const payee = { user_id: randomUUID(), wallet_id: randomUUID() };
  const { version } = await retrieve(app, invoice.invoice_id);
  const change = { invoice_id: invoice.invoice_id, version, ...payee, reason: 'merged' };
  expect((await app.post('/v2/invoice/change_payee', change)).status).toBe(200);
  await reach({ ...invoice, ...payee }, { user: '5' });
  expect(await trust.balanceOf(payee.wallet_id)).toBe('5.0000');

  await restore(invoice.invoice_id, backup);
  const { cashback } = await reach(invoice, { user: '5' });
  expect(cashback).not.toHaveProperty('elsewhere');
  expect(await trust.balanceOf(payee.wallet_id)).toBe('0.0000');
  expect(await trust.balanceOf(invoice.wallet_id)).toBe('5.0000');
});

test('an adopted invoice lists no operation until the next one', async () => {
  const invoice = await createInvoice(app);
  const { cashback: before } = await reach(invoice, { user: '1' });
  const backup = await backUp(invoice.invoice_id);
  await reach(invoice, { user: '1', service: '2' });
  await restore(invoice.invoice_id, backup);
  expect(await retrieve(app, invoice.invoice_id)).toMatchObject({ cashback: before });

  await app.post('/update/cashback', operationFor(invoice, before.version, { user: '3' }));
  const carried = [
    { source: 'user', amount: '1.0000' },
    { source: 'service', amount: '2.0000' },
  ];
  const { cashback: adopted } = await retrieve(app, invoice.invoice_id);
  expect(adopted).toMatchObject({ version: before.version + 1, status: 'success', operations: [] });
  expect(adopted.rewarded).toEqual(expect.arrayContaining(carried));

  const { cashback } = await reach(invoice, { user: '3' });
  expect(cashback.operations[0]).toMatchObject({ reward: [{ source: 'user', amount: '3.0000' }] });
  const listed = cashback.operations.map(({ operation_id }: { operation_id: string }) => operation_id);
  expect(listed).toContain(before.operations[0].operation_id);
});

test('an adoption is a change of cashback without an operation, once for each epoch and invoice', async () => {
  const invoice = await createInvoice(app);
  const backup = await backUp(invoice.invoice_id);
  await reach(invoice, { user: '5' });
  await restore(invoice.invoice_id, backup);
  await reach(invoice, { user: '4' });
  await reach(invoice, { user: '3' });
  const changes = await queryRows(
    app.owner,
    `SELECT cashback_version FROM transactions.cashback_changes
     WHERE invoice_id = $1 AND operation_id IS NULL`,
    [invoice.invoice_id],
  );
  expect(changes).toEqual([{ cashback_version: 1 }]);
  await newEpoch();
  const { cashback } = await settledInvoice(app, invoice.invoice_id);
  const { status } = await app.post(
    '/update/cashback',
    operationFor(invoice, cashback.version, { user: '2' }),
  );
  expect(status).toBe(200);
});

test('nothing is accepted while Trust cannot list the baskets, and it is once Trust can', async () => {
  const invoice = await createInvoice(app);
  const backup = await backUp(invoice.invoice_id);
  await reach(invoice, { user: '5' });
  await restore(invoice.invoice_id, backup);
  await trust.behave({ failure_share: 1 });
  const operation = operationFor(invoice, 0, { user: '3' });
  const { status, body } = await app.post('/update/cashback', operation);
  expect(status).toBe(409);
  expect(body.error).toMatchObject({ code: 'HISTORY_UNKNOWN', retryable: true });
  expect(await retrieve(app, invoice.invoice_id)).toMatchObject({ cashback: { version: 0, operations: [] } });
  await trust.behave({});
  await reach(invoice, { user: '3' });
  expect(await trust.balanceOf(invoice.wallet_id)).toBe('3.0000');
});

test('an operation waits for the steps that Trust has not ended', async () => {
  const invoice = await createInvoice(app);
  const backup = await backUp(invoice.invoice_id);
  await trust.behave({ latency_ms: 600_000 });
  await app.post('/update/cashback', operationFor(invoice, 0, { user: '5' }));
  await readUntil(async () => {
    const baskets = await queryRows(app.owner, 'SELECT FROM trust.baskets WHERE order_id = $1', [
      invoice.invoice_id,
    ]);
    return baskets.length > 0;
  });
  await restore(invoice.invoice_id, backup);
  const { body } = await app.post('/update/cashback', operationFor(invoice, 0, { user: '3' }));
  expect(body.error).toMatchObject({ code: 'HISTORY_UNKNOWN', details: { pending: [expect.any(String)] } });
  await trust.behave({});
  await queryRows(
    app.owner,
    `UPDATE trust.baskets SET created_at = created_at - interval '1 hour' WHERE order_id = $1`,
    [invoice.invoice_id],
  );
  await readUntil(async () => (await trust.balanceOf(invoice.wallet_id).catch(() => '')) === '5.0000');
  await reach(invoice, { user: '3' });
  expect(await trust.balanceOf(invoice.wallet_id)).toBe('3.0000');
});

test('a lower amount at Trust than recorded here is never healed automatically', async () => {
  const invoice = await createInvoice(app);
  await reach(invoice, { user: '5' });
  await queryRows(
    app.owner,
    `INSERT INTO transactions.baskets (invoice_id, basket_id, source, amount, version, step_number)
     VALUES ($1, 'nowhere', 'user', 2, 9, 1)`,
    [invoice.invoice_id],
  );
  await newEpoch();
  const { cashback } = await retrieve(app, invoice.invoice_id);
  const { body } = await app.post('/update/cashback', operationFor(invoice, cashback.version, { user: '3' }));
  expect(body.error).toMatchObject({
    code: 'HISTORY_UNKNOWN',
    details: { differences: ['basket nowhere is not at Trust'] },
  });
});

test('a late request from before the restore is not carried out again', async () => {
  const invoice = await createInvoice(app);
  const backup = await backUp(invoice.invoice_id);
  // Version 1 is that of the adoption: the late request is for a version that is given out again.
  await queryRows(app.owner, 'UPDATE transactions.invoices SET cashback_version = 1 WHERE invoice_id = $1', [
    invoice.invoice_id,
  ]);
  const late = operationFor(invoice, 1, { user: '5' });
  await app.post('/update/cashback', late);
  await settledInvoice(app, invoice.invoice_id);
  await reach(invoice, {});
  await restore(invoice.invoice_id, backup);
  const first = await app.post('/update/cashback', operationFor(invoice, 0, { user: '3' }));
  expect(first.body.error.details).toMatchObject({ current_version: 1 });
  const { status, body } = await app.post('/update/cashback', late);
  expect({ status, code: body.error.code }).toEqual({ status: 409, code: 'VERSION_MISMATCH' });
  await reach(invoice, { user: '3' });
  expect(await trust.balanceOf(invoice.wallet_id)).toBe('3.0000');
});

const target = fc.record({
  user: fc.integer({ min: 0, max: 100_000 }).map((units) => formatAmount(BigInt(units))),
  service: fc.integer({ min: 0, max: 100_000 }).map((units) => formatAmount(BigInt(units))),
});

const history = fc.record({
  targets: fc.array(target, { minLength: 1, maxLength: 3 }),
  at: fc.nat(3),
  inTheMiddle: fc.boolean(),
  last: target,
});

type Drawn = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

async function forgetAndReach({ targets, at, inTheMiddle, last }: Drawn): Promise<void> {
  const invoice = await createInvoice(app, { wallet_id: `wallet-${randomUUID()}` });
  let backup = await backUp(invoice.invoice_id);
  for (const [index, next] of targets.entries()) {
    const { cashback } = await settledInvoice(app, invoice.invoice_id);
    await app.post('/update/cashback', operationFor(invoice, cashback.version, next));
    if (index === at && inTheMiddle) backup = await backUp(invoice.invoice_id);
    await settledInvoice(app, invoice.invoice_id);
    if (index === at && !inTheMiddle) backup = await backUp(invoice.invoice_id);
  }
  await restore(invoice.invoice_id, backup);
  const { cashback } = await reach(invoice, last);
  await expectTrustAgrees(
    app,
    invoice,
    cashback.rewarded.toSorted((one: { source: string }, other: { source: string }) =>
      other.source.localeCompare(one.source),
    ),
  );
  const sum = parseAmount(last.user) + parseAmount(last.service);
  expect(await trust.balanceOf(invoice.wallet_id).catch(() => '0.0000')).toBe(formatAmount(sum));
}

test('wallet and rewarded end at the target after any forgotten history, at rest or in flight', async () => {
  // At the same time: the epochs that one begins fall into the histories of the others.
  const histories = fc.array(history, { minLength: 5, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(histories, async (drawn) => {
      await Promise.all(drawn.map(forgetAndReach));
    }),
    { numRuns: 1, endOnFailure: true },
  );
});
