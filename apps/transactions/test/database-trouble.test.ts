import { withTransaction } from '@cashback/postgres';
import { expect, test } from 'vitest';
import { forTests, readUntil } from '@cashback/testing';
import { setUpAlone } from './set-up.ts';
import { createInvoice, queryRows } from './support.ts';

const { app } = forTests(() => setUpAlone());

test.each([
  ['a connection that is cut', 'pg_terminate_backend', 'DATABASE_UNAVAILABLE'],
  ['a statement that takes too long', 'pg_cancel_backend', 'OVERLOADED'],
])('%s: the caller gets a retryable error, and its repeat succeeds', async (_, end, code) => {
  const { invoice_id } = await createInvoice(app);
  const refund = { invoice_id, version: 1, status: 'cleared', payments: [] };
  const answer = await withTransaction(app.owner, async ({ client }) => {
    await client.query('SELECT FROM transactions.invoices WHERE invoice_id = $1 FOR UPDATE', [invoice_id]);
    const waiting = app.post('/v2/invoice/update', refund);
    await readUntil(async () => {
      const ended = await queryRows(
        app.owner,
        `SELECT ${end}(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'transactions' AND wait_event_type = 'Lock'`,
      );
      return ended.length > 0;
    });
    return waiting;
  });
  expect([answer.status, answer.body.error.code, answer.body.error.retryable]).toEqual([503, code, true]);
  expect(await app.post('/v2/invoice/update', refund)).toMatchObject({ status: 200, body: { version: 2 } });
});
