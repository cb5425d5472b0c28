import { withTransaction } from '@cashback/postgres';
import { expect, test } from 'vitest';
import { forTests, readUntil } from '@cashback/testing';
import { setUpWithUpstream } from './set-up.ts';
import { createInvoice, newOperation, settledInvoice } from './support.ts';

const { app } = forTests(() => setUpWithUpstream());

interface Page {
  changes: { invoice_id: string; invoice_epoch: number; cashback_version: number; operation_id?: string }[];
  cursor: string;
  lag_ms: number;
}

async function page(after?: string, limit = 1000): Promise<Page> {
  const { status, body } = await app.post('/v2/cashback/changes', { ...(after && { after }), limit });
  expect(status).toBe(200);
  return body;
}

async function endOfFeed() {
  let { changes, cursor } = await page();
  while (changes.length > 0) ({ changes, cursor } = await page(cursor));
  return cursor;
}

/** An operation that has ended. */
async function reward() {
  const invoice = await createInvoice(app);
  const operation = newOperation(invoice);
  await app.post('/update/cashback', operation);
  await settledInvoice(app, invoice.invoice_id);
  return operation;
}

/** Reads on from a cursor, in small pages, until the invoice is at the version. */
async function readFeedUntil(after: string, invoiceId: string, version: number) {
  const seen: Page['changes'] = [];
  let cursor = after;
  await readUntil(async () => {
    const next = await page(cursor, 2);
    seen.push(...next.changes);
    cursor = next.cursor;
    return seen.some((one) => one.invoice_id === invoiceId && one.cashback_version === version);
  });
  return { seen, cursor };
}

test('the acceptance and the end of an operation appear with its id, in their order', async () => {
  const start = await endOfFeed();
  const { invoice_id, operation_id } = await reward();
  const { seen } = await readFeedUntil(start, invoice_id, 2);
  expect(seen).toEqual(
    [1, 2].map((cashback_version) => ({ invoice_id, invoice_epoch: 1, cashback_version, operation_id })),
  );
});

test('an operation with nothing to do appears with its acceptance and end as one change', async () => {
  const start = await endOfFeed();
  const invoice = await createInvoice(app);
  const operation = newOperation(invoice, { reward: [] });
  const { body } = await app.post('/update/cashback', operation);
  const { seen } = await readFeedUntil(start, invoice.invoice_id, body.version);
  expect(seen).toEqual([
    {
      invoice_id: invoice.invoice_id,
      invoice_epoch: 1,
      cashback_version: body.version,
      operation_id: operation.operation_id,
    },
  ]);
});

test('a refused operation and a change of money do not appear', async () => {
  const start = await endOfFeed();
  const invoice = await createInvoice(app);
  await app.post('/update/cashback', newOperation(invoice, { version: 7 }));
  await app.post('/v2/invoice/update', {
    invoice_id: invoice.invoice_id,
    version: 1,
    status: 'cleared',
    payments: [],
  });
  const { invoice_id } = await reward();
  const { seen } = await readFeedUntil(start, invoice_id, 2);
  expect(seen.filter((one) => one.invoice_id === invoice.invoice_id)).toEqual([]);
});

test('a change that is committed late is not skipped by a reader that saw later ones', async () => {
  const start = await endOfFeed();
  const { invoice_id: late } = await createInvoice(app);
  let early = '';
  let cursor = start;
  await withTransaction(app.owner, async ({ client }) => {
    await client.query(
      `INSERT INTO transactions.cashback_changes (invoice_id, cashback_version, epoch) VALUES ($1, 1, 1)`,
      [late],
    );
    // Begun later, committed earlier.
    early = (await reward()).invoice_id;
    const now = await page(start);
    expect(now.changes).toEqual([]);
    cursor = now.cursor;
  });
  const { seen } = await readFeedUntil(cursor, early, 2);
  expect(seen.map(({ invoice_id }) => invoice_id)).toEqual([late, early, early]);
  expect(seen[0]).not.toHaveProperty('operation_id');
});

test('the lag says for how long a committed change has been waiting, and is 0 when none waits', async () => {
  await endOfFeed();
  await readUntil(async () => (await page(await endOfFeed())).lag_ms === 0);
  await withTransaction(app.owner, async ({ client }) => {
    await client.query('SELECT pg_current_xact_id()');
    await reward();
    await readUntil(async () => (await page()).lag_ms > 0);
  });
  await readUntil(async () => (await page()).lag_ms === 0);
});
