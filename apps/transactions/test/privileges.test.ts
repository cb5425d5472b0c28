import { randomUUID } from 'node:crypto';
import { forTests } from '@cashback/testing';
import { expect, test } from 'vitest';
import { setUpAlone } from './set-up.ts';
import { createInvoice, queryRows } from './support.ts';

const { app } = forTests(() => setUpAlone());

test('the app may add to the history of invoices, and neither change nor delete it', async () => {
  const { invoice_id } = await createInvoice(app);
  const attempts = [
    [`UPDATE transactions.invoice_history SET status = 'held' WHERE invoice_id = $1`, [invoice_id]],
    ['DELETE FROM transactions.invoice_history WHERE invoice_id = $1', [invoice_id]],
    ['TRUNCATE transactions.invoice_history', []],
    ['UPDATE transactions.cashback_changes SET cashback_version = 1', []],
    ['DELETE FROM transactions.cashback_changes', []],
    ['UPDATE transactions.adopted_steps SET amount = 1', []],
    ['DELETE FROM transactions.adopted_steps', []],
    ['INSERT INTO transactions.feed_epochs (epoch) VALUES (7)', []],
    ['DELETE FROM transactions.invoices WHERE invoice_id = $1', [invoice_id]],
    [`UPDATE transactions.invoices SET currency = 'EUR' WHERE invoice_id = $1`, [invoice_id]],
    [`UPDATE transactions.cashback_operations SET reward = '[]' WHERE operation_id = $1`, [randomUUID()]],
    [`UPDATE transactions.cashback_operations SET version = 7 WHERE operation_id = $1`, [randomUUID()]],
    ['DELETE FROM transactions.cashback_operations WHERE operation_id = $1', [randomUUID()]],
    ['UPDATE transactions.operation_steps SET amount = 1 WHERE operation_id = $1', [randomUUID()]],
    ['UPDATE transactions.operation_steps SET step_id = $1', ['x']],
    ['DELETE FROM transactions.operation_steps WHERE operation_id = $1', [randomUUID()]],
    ['UPDATE transactions.baskets SET amount = 1 WHERE basket_id = $1', [randomUUID()]],
    ['DELETE FROM transactions.baskets WHERE basket_id = $1', [randomUUID()]],
  ] as const;
  for (const [text, values] of attempts) {
    await expect(queryRows(app.database, text, [...values]), text).rejects.toThrow('permission denied');
  }
});
