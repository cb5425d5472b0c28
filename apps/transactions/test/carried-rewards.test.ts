import { forTests } from '@cashback/testing';
import { expect, test } from 'vitest';
import { setUpWithTrust } from './set-up.ts';
import { createInvoice, newOperation, queryRows, retrieve, settledInvoice } from './support.ts';

const { app, trust } = forTests(() => setUpWithTrust());

test('a retrieve returns a reward without operations, and the next operation builds on it', async () => {
  const invoice = await createInvoice(app);
  const { invoice_id } = invoice;
  await app.post('/update/cashback', newOperation(invoice, { reward: [{ source: 'user', amount: '5' }] }));
  await settledInvoice(app, invoice_id);
  // As an import leaves it: a basket that no operation explains.
  await queryRows(app.owner, 'DELETE FROM transactions.cashback_operations WHERE invoice_id = $1', [
    invoice_id,
  ]);
  const { cashback } = await retrieve(app, invoice_id);
  const rewarded = [{ source: 'user', amount: '5.0000' }];
  expect(cashback).toEqual({ version: 2, status: 'success', rewarded, operations: [] });

  const reward = [{ source: 'user', amount: '3' }];
  const { status } = await app.post('/update/cashback', newOperation(invoice, { version: 2, reward }));
  expect(status).toBe(200);
  const after = await settledInvoice(app, invoice_id);
  expect(after.cashback).toMatchObject({
    status: 'success',
    rewarded: [{ source: 'user', amount: '3.0000' }],
  });
  expect(await trust.balanceOf(invoice.wallet_id)).toBe('3.0000');
});

test.each([
  ['user_id', 'another-user', 'user-1'],
  ['currency', 'EUR', 'USD'],
])('a wallet of another %s ends the operation with the field and both values', async (field, value, own) => {
  const first = await createInvoice(app);
  await app.post('/update/cashback', newOperation(first));
  await settledInvoice(app, first.invoice_id);
  const other = await createInvoice(app, { wallet_id: first.wallet_id, [field]: value });
  await app.post('/update/cashback', newOperation(other));
  const { cashback } = await settledInvoice(app, other.invoice_id);
  expect(cashback).toMatchObject({ status: 'failed', rewarded: [] });
  const { reason } = cashback.operations[0];
  expect(reason).toContain('PAYEE_MISMATCH');
  expect(reason).toContain(`${field} ${own}, got ${value}`);
});
