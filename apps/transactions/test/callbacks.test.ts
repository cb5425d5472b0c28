import { afterAll, beforeAll, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { retryCallback } from '../src/db/queries/callbacks/outbox.ts';
import {
  type TransactionsUnderTest,
  createInvoice,
  newOperation,
  queryRows,
  setUpTransactions,
} from './support.ts';

let app: TransactionsUnderTest;
beforeAll(async () => {
  app = await setUpTransactions({
    settings: { CALLBACK_CLEAN_INTERVAL_MS: '50' },
  });
});
afterAll(() => app?.tearDown());

const waiting = (invoiceId: string) =>
  queryRows(app.database, `SELECT kind FROM transactions.callbacks WHERE payload ->> 'invoice_id' = $1`, [
    invoiceId,
  ]);

test('a callback that is not accepted is sent again, and deleted when it is accepted', async () => {
  app.receiver.failNext(3);
  const { invoice_id } = await createInvoice(app);
  await readUntil(async () => app.receiver.invoices(invoice_id).length > 0);
  await readUntil(async () => (await waiting(invoice_id)).length === 0);
});

test('a callback is committed with the change that it announces, or not at all', async () => {
  const invoice = await createInvoice(app);
  await readUntil(async () => (await waiting(invoice.invoice_id)).length === 0);
  const refused = await app.post('/update/cashback', newOperation(invoice, { version: 5, reward: [] }));
  expect(refused.status).toBe(409);
  expect(await waiting(invoice.invoice_id)).toEqual([]);
});

test('the time of the next attempt of a callback is stored, whatever its receiver answers', async () => {
  await queryRows(
    app.owner,
    `INSERT INTO transactions.callbacks (callback_id, kind, payload, due_at)
     VALUES ('unlucky', 'invoice.changed', '{}', now() + interval '1 hour')`,
  );
  const error = `it says: \0${'x'.repeat(1_000_000)}`;
  await retryCallback(app.database, 'unlucky', { attempts: 3, error, retry_in_ms: 3_600_000 });
  const [row] = await queryRows(
    app.database,
    `SELECT attempts, error FROM transactions.callbacks WHERE callback_id = 'unlucky'`,
  );
  expect(row).toEqual({ attempts: 3, error: `it says: \uFFFD${'x'.repeat(487)}...` });
});

test('callbacks that are not accepted for too long are dropped, and no younger ones', async () => {
  const insert = (invoiceId: string, age: string) =>
    queryRows(
      app.owner,
      `INSERT INTO transactions.callbacks (kind, payload, due_at, created_at)
       VALUES ('invoice.changed', jsonb_build_object('invoice_id', $1::text), now() + interval '1 hour', now() - $2::interval)`,
      [invoiceId, age],
    );
  await insert('young', '23 hours');
  await insert('old', '25 hours');
  await readUntil(async () => (await waiting('old')).length === 0);
  expect(await waiting('young')).toHaveLength(1);
});
