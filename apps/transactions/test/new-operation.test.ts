import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type TransactionsUnderTest,
  createInvoice,
  newInvoice,
  newOperation,
  queryRows,
  retrieve,
  setUpTransactions,
  settledInvoice,
  until,
} from './support.ts';
import { applied, startUpstream } from './upstream.ts';

let app: TransactionsUnderTest;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
beforeAll(async () => {
  upstream = await startUpstream();
  app = await setUpTransactions({ trustUrl: () => upstream.url });
});
afterAll(async () => {
  await app?.tearDown();
  await upstream?.stop();
});

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

  test('with nothing to do ends at once as success, and says so by callback', async () => {
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
    await until(async () => app.receiver.operations(operation.operation_id)[0]);
    expect(upstream.requests.length).toBe(before);
  });

  test('of no invoice is refused', async () => {
    const { status, body } = await update(newOperation(newInvoice()));
    expect([status, body.error.code]).toEqual([404, 'INVOICE_NOT_FOUND']);
  });
});

describe('the operation id is looked up first', () => {
  test('the same body is answered with where the operation stands, whatever version the invoice has', async () => {
    const { operation } = await rewardedInvoice();
    expect(await update(operation)).toEqual({
      status: 200,
      body: { operation_id: operation.operation_id, status: 'success', version: 2 },
    });
  });

  test('the same target written otherwise is the same body', async () => {
    const { operation } = await rewardedInvoice();
    const reward = [
      { source: 'service', amount: '0' },
      { source: 'user', amount: '10' },
    ];
    expect(await update({ ...operation, reward })).toMatchObject({
      status: 200,
      body: { status: 'success' },
    });
  });

  test.each([
    ['user_id', 'somebody-else'],
    ['wallet_id', 'another-wallet'],
    ['currency', 'EUR'],
    ['version', 2],
    ['reward', [{ source: 'user', amount: '10.0001' }]],
    ['invoice_id', 'another-invoice'],
  ])('another %s is refused, before anything else is looked at', async (field, value) => {
    const { operation } = await rewardedInvoice();
    const { status, body } = await update({ ...operation, [field]: value });
    expect([status, body.error.code, body.error.details.fields]).toEqual([
      409,
      'OPERATION_BODY_MISMATCH',
      [field],
    ]);
  });

  test('it is refused for another invoice that exists', async () => {
    const { operation } = await rewardedInvoice();
    const other = await createInvoice(app);
    const { status, body } = await update({ ...newOperation(other), operation_id: operation.operation_id });
    expect([status, body.error.code]).toEqual([409, 'OPERATION_BODY_MISMATCH']);
  });

  test('a stuck operation is set going again', async () => {
    const letGo = holdTrust();
    const invoice = await createInvoice(app);
    const operation = newOperation(invoice);
    await update(operation);
    await app.stop();
    // The queue is lost, and the sweeper believes that somebody is on it.
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

describe('an unfinished operation is looked up second', () => {
  test('another one is refused before its version and its payee are looked at', async () => {
    const letGo = holdTrust();
    const invoice = await createInvoice(app);
    const first = newOperation(invoice);
    await update(first);
    const { status, body } = await update(newOperation(invoice, { version: 77, user_id: 'somebody-else' }));
    letGo();
    expect([status, body.error.code, body.error.retryable]).toEqual([409, 'OPERATION_IN_FLIGHT', true]);
    expect(body.error.details.operation_id).toBe(first.operation_id);
    await settledInvoice(app, invoice.invoice_id);
  });
});

describe('the version is looked up third', () => {
  test.each([0, 1, 3])(
    'version %i of a cashback at version 2 is refused before the payee is looked at',
    async (version) => {
      const { invoice } = await rewardedInvoice();
      const { status, body } = await update(newOperation(invoice, { version, user_id: 'somebody-else' }));
      expect([status, body.error.code]).toEqual([409, 'VERSION_MISMATCH']);
      expect(body.error.details).toMatchObject({ version, current_version: 2 });
    },
  );
});

describe('the payee is looked up last', () => {
  test.each([
    ['user_id', 'somebody-else'],
    ['wallet_id', 'another-wallet'],
    ['currency', 'EUR'],
  ])('another %s is refused, naming both', async (field, value) => {
    const invoice = await createInvoice(app);
    const { status, body } = await update(newOperation(invoice, { [field]: value }));
    expect([status, body.error.code]).toEqual([422, 'PAYEE_MISMATCH']);
    const expected = invoice[field as 'user_id' | 'wallet_id' | 'currency'];
    expect(body.error.details.fields).toEqual([{ field, expected, received: value }]);
    expect(await retrieve(app, invoice.invoice_id)).toMatchObject({
      cashback: { version: 0, operations: [] },
    });
  });
});

describe('at the same moment', () => {
  test('repeats of one id make one operation and one basket', async () => {
    const invoice = await createInvoice(app);
    const operation = newOperation(invoice);
    const answers = await Promise.all(Array.from({ length: 20 }, () => update(operation)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { cashback } = await settledInvoice(app, invoice.invoice_id);
    expect(cashback).toMatchObject({ version: 2, rewarded: [{ source: 'user', amount: '10.0000' }] });
    expect(cashback.operations).toHaveLength(1);
    const ids = upstream.of(invoice.invoice_id).map(({ body }) => body.basket_id);
    expect(new Set(ids)).toEqual(new Set([`${operation.operation_id}.1`]));
  });

  test('of two operations one is accepted, the other is told that one is in flight', async () => {
    const letGo = holdTrust();
    const invoice = await createInvoice(app);
    const answers = await Promise.all([update(newOperation(invoice)), update(newOperation(invoice))]);
    letGo();
    expect(answers.map(({ body }) => body.error?.code ?? body.status).toSorted()).toEqual([
      'OPERATION_IN_FLIGHT',
      'init',
    ]);
    const { cashback } = await settledInvoice(app, invoice.invoice_id);
    expect(cashback.operations).toHaveLength(1);
  });

  test('one id for two invoices is given to one of them', async () => {
    const operation_id = randomUUID();
    const invoices = await Promise.all([createInvoice(app), createInvoice(app)]);
    const answers = await Promise.all(
      invoices.map((invoice) => update(newOperation(invoice, { operation_id }))),
    );
    const codes = answers.map(({ body }) => body.error?.code ?? 'accepted');
    expect(codes.toSorted()).toEqual(['OPERATION_BODY_MISMATCH', 'accepted']);
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
