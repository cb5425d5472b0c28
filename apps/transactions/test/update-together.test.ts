import { withTransaction } from '@cashback/postgres';
import { expect, test } from 'vitest';
import { forTests, untilLockWaits } from '@cashback/testing';
import { setUpWithUpstream } from './set-up.ts';
import { createInvoice, newInvoice, newOperation, queryRows, settledInvoice } from './support.ts';

const { app } = forTests(() => setUpWithUpstream());

const update = (operation: unknown) => app.post('/update/cashback', operation);

/** Holds the locks of the statement until they are released. */
async function hold(text: string, values: unknown[] = []): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const holding = withTransaction(app.owner, async ({ client }) => {
    await client.query(text, values);
    locked.resolve();
    await released.promise;
  });
  await Promise.race([locked.promise, holding]);
  return async () => {
    released.resolve();
    await holding;
  };
}

const lockInvoices = (invoices: readonly { invoice_id: string }[]) =>
  hold('SELECT FROM transactions.invoices WHERE invoice_id = ANY($1) FOR UPDATE', [
    invoices.map(({ invoice_id }) => invoice_id),
  ]);

test('of requests that share a transaction each has its own answer, and a refused one fails no other', async () => {
  const [first, second, settled, elsewhere, twin, ...others] = await Promise.all(
    Array.from({ length: 15 }, () => createInvoice(app)),
  );
  if (!first || !second || !settled || !elsewhere || !twin) throw new Error('fifteen invoices were made');
  const known = newOperation(settled);
  await update(known);
  await settledInvoice(app, settled.invoice_id);

  // Both groups wait to write, so that all that comes meanwhile makes up the next one.
  const letGo = await hold('LOCK TABLE transactions.operation_steps IN SHARE ROW EXCLUSIVE MODE');
  const before = [update(newOperation(first))];
  await untilLockWaits(app.owner.pool, 1);
  before.push(update(newOperation(second)));
  await untilLockWaits(app.owner.pool, 2);
  const accepted = others.map((invoice) => newOperation(invoice));
  const ofTwin = { ...newOperation(twin), operation_id: accepted[0]?.operation_id };
  const together = [
    ...accepted.map((operation) => update(operation)),
    update(known),
    update(newOperation(newInvoice())),
    update({ ...newOperation(elsewhere), version: 7 }),
    update({ ...newOperation(elsewhere), user_id: 'another-user' }),
    update(ofTwin),
  ];
  await letGo();
  const answers = await Promise.all(together);
  expect((await Promise.all(before)).map(({ status }) => status)).toEqual([200, 200]);

  const [repeated, unknown, old, payee, taken] = answers.splice(accepted.length);
  expect(repeated).toMatchObject({
    status: 200,
    body: { operation_id: known.operation_id, status: 'success' },
  });
  expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'INVOICE_NOT_FOUND' } } });
  expect(old).toMatchObject({ status: 409, body: { error: { code: 'VERSION_MISMATCH' } } });
  expect(payee).toMatchObject({ status: 422, body: { error: { code: 'PAYEE_MISMATCH' } } });
  // One of the two that came with one id has it.
  const winners = [answers[0], taken].filter((answer) => answer?.status === 200);
  const losers = [answers[0], taken].filter(
    (answer) => answer?.body.error?.code === 'OPERATION_BODY_MISMATCH',
  );
  expect([winners.length, losers.length]).toEqual([1, 1]);
  for (const [index, answer] of answers.entries()) {
    if (index === 0) continue;
    expect(answer).toMatchObject({ status: 200, body: { operation_id: accepted[index]?.operation_id } });
  }

  const ids = accepted.map(({ operation_id }) => operation_id);
  const [shared] = await queryRows(
    app.owner,
    `SELECT count(*)::int AS operations, count(DISTINCT created_at)::int AS transactions
     FROM transactions.cashback_operations WHERE operation_id = ANY($1)`,
    [ids],
  );
  expect(shared?.operations).toBe(ids.length);
  expect(shared?.transactions).toBeLessThan(ids.length);
  for (const { invoice_id } of others.slice(1)) await settledInvoice(app, invoice_id);
});

test('locked invoices hold up no other request of their batch, and their own requests may be repeated', async () => {
  const invoices = await Promise.all(Array.from({ length: 12 }, () => createInvoice(app)));
  const [locked, free] = [invoices.slice(0, 6), invoices.slice(6)];
  const operations = locked.map((invoice) => newOperation(invoice));
  const letGo = await lockInvoices(locked);
  try {
    let ended = 0;
    const waiting = operations.map((operation) => update(operation).finally(() => (ended += 1)));
    const answers = await Promise.all(free.map((invoice) => update(newOperation(invoice))));
    expect(answers.map(({ status }) => status)).toEqual(free.map(() => 200));
    expect(ended).toBe(0);
    for (const answer of await Promise.all(waiting)) {
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'OVERLOADED', retryable: true } } });
    }
  } finally {
    await letGo();
  }
  for (const operation of operations) expect(await update(operation)).toMatchObject({ status: 200 });
});

test('a request whose invoice is locked for a moment waits for it', async () => {
  const invoice = await createInvoice(app);
  const letGo = await lockInvoices([invoice]);
  const waiting = update(newOperation(invoice));
  await untilLockWaits(app.owner.pool, 1);
  await letGo();
  expect(await waiting).toMatchObject({ status: 200 });
  await settledInvoice(app, invoice.invoice_id);
});
