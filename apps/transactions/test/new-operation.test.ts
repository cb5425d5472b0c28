import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { forTests, readUntil } from '@cashback/testing';
import { setUpWithUpstream } from './set-up.ts';
import { createInvoice, loadStepIds, newOperation, queryRows, retrieve, settledInvoice } from './support.ts';
import { applied } from './upstream.ts';

const { app, upstream } = forTests(() => setUpWithUpstream());

const update = (operation: unknown) => app.post('/update/cashback', operation);

/** An invoice whose operation has ended: at cashback version 2, with 10 of the user's. */
async function rewardedInvoice() {
  const invoice = await createInvoice(app);
  const operation = newOperation(invoice);
  await update(operation);
  await settledInvoice(app, invoice.invoice_id);
  return { invoice, operation };
}

/** Makes every call to Trust hang until it is let go. */
function holdTrust(): () => void {
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  upstream.answerWith(async (request) => {
    await held;
    return applied(request);
  });
  return () => {
    upstream.answerWith(applied);
    letGo();
  };
}

describe('a new operation', () => {
  test('is accepted, moves the cashback version by one, and by another when it ends', async () => {
    const letGo = holdTrust();
    const invoice = await createInvoice(app);
    const operation = newOperation(invoice);
    const answer = await update(operation);
    expect(answer).toEqual({
      status: 200,
      body: { operation_id: operation.operation_id, status: 'init', version: 1 },
    });
    expect(await retrieve(app, invoice.invoice_id)).toMatchObject({ cashback: { version: 1, rewarded: [] } });
    letGo();
    expect((await settledInvoice(app, invoice.invoice_id)).cashback).toEqual({
      version: 2,
      status: 'success',
      rewarded: [{ source: 'user', amount: '10.0000' }],
      operations: [
        {
          operation_id: operation.operation_id,
          status: 'success',
          reward: [{ source: 'user', amount: '10.0000' }],
        },
      ],
    });
  });

  test('with nothing to do ends at once as success, with a callback', async () => {
    const { invoice } = await rewardedInvoice();
    const operation = newOperation(invoice, { version: 2 });
    const before = upstream.requests.length;
    expect(await update(operation)).toEqual({
      status: 200,
      body: { operation_id: operation.operation_id, status: 'success', version: 4 },
    });
    expect((await retrieve(app, invoice.invoice_id)).cashback).toMatchObject({
      version: 4,
      status: 'success',
    });
    await readUntil(async () => app.receiver.operations(operation.operation_id)[0]);
    expect(upstream.requests.length).toBe(before);
  });

  test('that got stuck is resumed when it is sent again', async () => {
    const letGo = holdTrust();
    const invoice = await createInvoice(app);
    const operation = newOperation(invoice);
    await update(operation);
    await app.stop();
    // The queue is lost, and the operation is not overdue.
    await queryRows(app.owner, 'DELETE FROM transactions_jobs.job');
    await queryRows(
      app.owner,
      `UPDATE transactions.cashback_operations SET next_look_at = now() + interval '1 hour' WHERE operation_id = $1`,
      [operation.operation_id],
    );
    letGo();
    await app.restart();
    expect((await update(operation)).status).toBe(200);
    expect(await settledInvoice(app, invoice.invoice_id)).toMatchObject({ cashback: { status: 'success' } });
  });
});

describe('concurrently', () => {
  test('repeats of one id make one operation and one basket', async () => {
    const invoice = await createInvoice(app);
    const operation = newOperation(invoice);
    const answers = await Promise.all(Array.from({ length: 20 }, () => update(operation)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { cashback } = await settledInvoice(app, invoice.invoice_id);
    expect(cashback).toMatchObject({ version: 2, rewarded: [{ source: 'user', amount: '10.0000' }] });
    expect(cashback.operations).toHaveLength(1);
    const ids = upstream.of(invoice.invoice_id).map(({ body }) => body.basket_id);
    expect(new Set(ids)).toEqual(new Set(await loadStepIds(app, operation.operation_id)));
  });

  test('the database itself refuses a second unfinished operation of an invoice', async () => {
    const invoice_id = randomUUID();
    const insert = (operationId: string, version: number) =>
      queryRows(
        app.owner,
        `INSERT INTO transactions.cashback_operations
           (operation_id, invoice_id, version, user_id, wallet_id, currency, reward, status, next_look_at)
         VALUES ($1, $2, $3, 'u', 'w', 'USD', '[]', 'init', now() + interval '1 hour')`,
        [operationId, invoice_id, version],
      );
    await insert(randomUUID(), 1);
    await expect(insert(randomUUID(), 2)).rejects.toThrow('cashback_operations_unfinished');
  });
});
