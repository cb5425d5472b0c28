import { beforeEach, expect, test } from 'vitest';
import { forTests, readUntil } from '@cashback/testing';
import { startProcess } from './app-process.ts';
import { setUpWithUpstream } from './set-up.ts';
import { callApp, createInvoice, loadStepIds, newOperation, queryRows, settledInvoice } from './support.ts';
import { type UpstreamRequest, applied } from './upstream.ts';

const { app, upstream } = forTests(() => setUpWithUpstream({ TRUST_TIMEOUT_MS: '500' }));
beforeEach(() => {
  upstream.answerWith(applied);
  upstream.requests.length = 0;
});

const keyOf = ({ path, body }: UpstreamRequest) =>
  `${path} ${body.refund_id ?? body.basket_id} ${body.amount}`;

// The operation has two steps: a top-up and a refund.
test.each([1, 2])(
  'killed between the request of step %i and the record of its answer: a new process sends the same ids, money moves once',
  async (step) => {
    const invoice = await createInvoice(app);
    const { invoice_id } = invoice;
    await app.post('/update/cashback', newOperation(invoice, { reward: [{ source: 'user', amount: '30' }] }));
    await settledInvoice(app, invoice_id);
    await app.stop();
    const child = await startProcess(app.environment);

    // Carried out by Trust, and the process dies before it receives the answer.
    const carriedOut = new Set<string>();
    let arrive = (): void => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    upstream.answerWith((request) => {
      carriedOut.add(keyOf(request));
      if (carriedOut.size < step) return applied(request);
      arrive();
      return new Promise(() => {});
    });
    const operation = newOperation(invoice, { version: 2, reward: [{ source: 'service', amount: '5' }] });
    expect((await callApp(child.url, '/update/cashback', operation)).status).toBe(200);
    await arrived;
    child.kill();
    await child.ended;

    upstream.answerWith((request) => {
      carriedOut.add(keyOf(request));
      return applied(request);
    });
    await app.restart();
    const { cashback } = await settledInvoice(app, invoice_id);
    expect(cashback).toMatchObject({
      version: 4,
      status: 'success',
      rewarded: [
        { source: 'user', amount: '0.0000' },
        { source: 'service', amount: '5.0000' },
      ],
    });
    expect(carriedOut.size).toBe(2);
    expect(await basketsOf(invoice_id)).toEqual([
      { source: 'user', amount: '30.0000', refunded: '30.0000' },
      { source: 'service', amount: '5.0000', refunded: '0.0000' },
    ]);
  },
);

test('two processes on one operation send the same id, and record its end once', async () => {
  const child = await startProcess(app.environment);
  try {
    const invoice = await createInvoice(app);
    const held: (() => void)[] = [];
    upstream.answerWith(async (request) => {
      await new Promise<void>((resolve) => held.push(resolve));
      return applied(request);
    });
    const operation = newOperation(invoice, {
      reward: [
        { source: 'user', amount: '1' },
        { source: 'service', amount: '2' },
      ],
    });
    await app.post('/update/cashback', operation);
    // Repeats of the request wake whichever process has the next turn; calls that wait too long are repeated, too.
    await readUntil(async () => {
      await callApp(child.url, '/update/cashback', operation);
      return held.length >= 4;
    });
    upstream.answerWith(applied);
    for (const letGo of held) letGo();
    const { cashback } = await settledInvoice(app, invoice.invoice_id);
    expect(cashback).toMatchObject({ version: 2, status: 'success' });
    expect(new Set(upstream.requests.map(({ body }) => body.basket_id))).toEqual(
      new Set(await loadStepIds(app, operation.operation_id)),
    );
    expect(await basketsOf(invoice.invoice_id)).toEqual([
      { source: 'user', amount: '1.0000', refunded: '0.0000' },
      { source: 'service', amount: '2.0000', refunded: '0.0000' },
    ]);
    const callbacks = await readUntil(async () => {
      const found = app.receiver.operations(operation.operation_id);
      return found.length > 0 && found;
    });
    expect(callbacks).toHaveLength(1);
  } finally {
    child.kill();
    await child.ended;
  }
});

function basketsOf(invoiceId: string) {
  return queryRows(
    app.database,
    'SELECT source, amount, refunded FROM transactions.baskets WHERE invoice_id = $1 ORDER BY version, step_number',
    [invoiceId],
  );
}
