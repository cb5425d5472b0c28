import { changeCursor, withTransaction } from '@cashback/postgres';
import { expect, test } from 'vitest';
import { forTests, readUntil } from '@cashback/testing';
import { createInvoice as insertNewInvoice } from '../src/invoices/create-invoice.ts';
import { setUpAlone } from './set-up.ts';
import { createInvoice, newInvoice, queryRows } from './support.ts';

const { app } = forTests(() => setUpAlone());

async function page(after?: string, limit = 1000) {
  const { status, body } = await app.post('/v2/invoice/changes', { ...(after && { after }), limit });
  expect(status).toBe(200);
  return body as { changes: { invoice_id: string; version: number; service: string }[]; cursor: string };
}

/** Reads on from a cursor until every one of the invoices has come. */
async function readFeedUntil(after: string, invoiceIds: string[]) {
  const seen: { invoice_id: string; version: number }[] = [];
  let cursor = after;
  await readUntil(async () => {
    const { changes, cursor: next } = await page(cursor, 2);
    seen.push(...changes);
    cursor = next;
    return invoiceIds.every((id) => seen.some(({ invoice_id }) => invoice_id === id));
  });
  return { seen, cursor };
}

const endOfFeed = async () => {
  let { changes, cursor } = await page();
  while (changes.length > 0) ({ changes, cursor } = await page(cursor));
  return cursor;
};

test('every changed invoice appears once, with its newest version only', async () => {
  const start = await endOfFeed();
  const first = await createInvoice(app);
  const second = await createInvoice(app);
  const refunded = { invoice_id: first.invoice_id, version: 1, status: 'cleared', payments: [] };
  await app.post('/v2/invoice/update', refunded);
  const { seen } = await readFeedUntil(start, [first.invoice_id, second.invoice_id]);
  expect(seen).toEqual([
    { invoice_id: second.invoice_id, version: 1, service: 'yellow' },
    { invoice_id: first.invoice_id, version: 2, service: 'yellow' },
  ]);
});

test('an invoice that changes behind the cursor appears again', async () => {
  const start = await endOfFeed();
  const { invoice_id } = await createInvoice(app);
  const { cursor } = await readFeedUntil(start, [invoice_id]);
  await app.post('/v2/invoice/update', { invoice_id, version: 1, status: 'cleared', payments: [] });
  const { seen } = await readFeedUntil(cursor, [invoice_id]);
  expect(seen).toEqual([{ invoice_id, version: 2, service: 'yellow' }]);
});

test('a change that is committed late is not skipped by a reader that saw later ones', async () => {
  const start = await endOfFeed();
  const late = newInvoice();
  let seenMeanwhile: string[] = [];
  let early: { invoice_id: string } | undefined;
  let cursor = start;
  await withTransaction(app.owner, async ({ client }) => {
    await client.query(
      `INSERT INTO transactions.invoices (invoice_id, service, user_id, wallet_id, currency, status, payments, epoch)
       VALUES ($1, 'yellow', 'u', 'w', 'USD', 'held', '[]', 1)`,
      [late.invoice_id],
    );
    // Begun later, committed earlier.
    early = await createInvoice(app);
    const now = await page(start);
    seenMeanwhile = now.changes.map(({ invoice_id }) => invoice_id);
    cursor = now.cursor;
  });
  expect(seenMeanwhile).not.toContain(early?.invoice_id);
  const { seen } = await readFeedUntil(cursor, [late.invoice_id, early?.invoice_id ?? '']);
  expect(seen.map(({ invoice_id }) => invoice_id)).toEqual([late.invoice_id, early?.invoice_id]);
});

test('with many concurrent writers a reader that follows the feed misses no change', async () => {
  const start = await endOfFeed();
  const ids: string[] = [];
  const writing = Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let count = 0; count < 25; count++) {
        const invoice = newInvoice();
        await insertNewInvoice(app.database, invoice as Parameters<typeof insertNewInvoice>[1], 'test');
        ids.push(invoice.invoice_id);
      }
    }),
  );
  const seen: string[] = [];
  let cursor = start;
  let written = false;
  void writing.then(() => (written = true));
  await readUntil(async () => {
    const next = await page(cursor, 7);
    cursor = next.cursor;
    seen.push(...next.changes.map(({ invoice_id }) => invoice_id));
    return written && seen.length >= ids.length;
  });
  await writing;
  expect(seen.toSorted()).toEqual(ids.toSorted());
});

test('after a restore into another cluster older cursors stay valid, and new changes follow them', async () => {
  const start = await endOfFeed();
  const before = await createInvoice(app);
  // As a restore leaves it: rows with transaction ids that this cluster has not reached.
  await queryRows(
    app.owner,
    `UPDATE transactions.invoices SET xact_id = '99999999999' WHERE invoice_id = $1`,
    [before.invoice_id],
  );
  await queryRows(app.owner, 'INSERT INTO transactions.feed_epochs (epoch) VALUES (2)');
  const after = await createInvoice(app);
  const { seen } = await readFeedUntil(start, [before.invoice_id, after.invoice_id]);
  expect(seen.map(({ invoice_id }) => invoice_id)).toEqual([before.invoice_id, after.invoice_id]);
});

test.each([
  '',
  'invalid',
  '1.2',
  '1.2.3.4',
  '-1.2.3',
  '9999999999.1.1',
  '1.99999999999999999999.1',
  '1.1.9999999999999999999',
])('the cursor "%s" is refused', async (after) => {
  const { status, body } = await app.post('/v2/invoice/changes', { after });
  expect([status, body.error.code]).toEqual([400, 'CURSOR_INVALID']);
});

test('a cursor ahead of the database is refused with the reason', async () => {
  const [{ epoch }] = await queryRows(app.owner, 'SELECT max(epoch) AS epoch FROM transactions.feed_epochs');
  for (const path of ['/v2/invoice/changes', '/v2/cashback/changes']) {
    const { status, body } = await app.post(path, { after: `${epoch}.99999999999.1` });
    expect([status, body.error.code]).toEqual([400, 'CURSOR_INVALID']);
    expect(body.error.message).toContain('ahead of this database');
  }
});

test('a cursor of an unknown epoch is refused with the reason', async () => {
  for (const path of ['/v2/invoice/changes', '/v2/cashback/changes']) {
    const { status, body } = await app.post(path, { after: '7000.1.1' });
    expect([status, body.error.code]).toEqual([400, 'CURSOR_INVALID']);
    expect(body.error.message).toContain("its epoch 7000 is not one of this database's");
  }
});

test('the cursor of an empty feed and that of its end stay valid', async () => {
  const { cursor } = await page(await endOfFeed());
  expect((await page(cursor)).cursor).toBe(cursor);
  const { status } = await app.post('/v2/invoice/changes', { after: '0.0.0', limit: 1 });
  expect(status).toBe(200);
});

test('a cursor keeps its place, and fits the wire at its longest', () => {
  const place = { epoch: 2_147_483_647, xact_id: '18446744073709551615', change_id: '9223372036854775807' };
  expect(changeCursor.parse(changeCursor.format(place))).toEqual(place);
  expect(changeCursor.format(place).length).toBeLessThanOrEqual(64);
});
