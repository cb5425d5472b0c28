import { beforeEach, describe, expect, test } from 'vitest';
import { forTests, readUntil } from '@cashback/testing';
import { setUpWithUpstream } from './set-up.ts';
import { createInvoice, loadStepIds, newOperation, queryRows, retrieve, settledInvoice } from './support.ts';
import { type UpstreamRequest, applied, failed, pending, problem } from './upstream.ts';

const { app, upstream } = forTests(() => setUpWithUpstream());
beforeEach(() => {
  upstream.answerWith(applied);
  upstream.requests.length = 0;
});

type Amounts = Record<string, string>;
const rewardOf = (amounts: Amounts) =>
  Object.entries(amounts).map(([source, amount]) => ({ source, amount }));

/** Sends the next operation of the invoice and does not wait for its end. */
async function send(invoice: Awaited<ReturnType<typeof createInvoice>>, amounts: Amounts) {
  const { cashback } = await retrieve(app, invoice.invoice_id);
  const operation = newOperation(invoice, { version: cashback.version, reward: rewardOf(amounts) });
  const { status, body } = await app.post('/update/cashback', operation);
  expect([status, body.error]).toEqual([200, undefined]);
  return operation;
}

/** Sends the next operation of the invoice and waits for its end. */
async function move(invoice: Awaited<ReturnType<typeof createInvoice>>, amounts: Amounts) {
  const operation = await send(invoice, amounts);
  const { cashback } = await settledInvoice(app, invoice.invoice_id);
  return { operation, cashback };
}

const summary = ({ method, path, body }: UpstreamRequest) =>
  method === 'GET'
    ? `GET ${path}`
    : `${path} ${body.basket_id} ${body.refund_id ?? body.source} ${body.amount}`;
const sent = () => upstream.requests.map(summary);

/** The keys of an operation's steps at Trust, in their order. */
const stepIds = (operationId: string): Promise<string[]> => loadStepIds(app, operationId);

describe('the steps of an operation', () => {
  test('run one at a time in their order, top-ups before refunds, newest baskets first', async () => {
    const invoice = await createInvoice(app);
    const first = await move(invoice, { user: '10' });
    const second = await move(invoice, { user: '15', service: '3' });
    upstream.requests.length = 0;
    let running = 0;
    let most = 0;
    upstream.answerWith(async (request) => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
      return applied(request);
    });
    const { operation, cashback } = await move(invoice, { user: '2', service: '4' });
    const ids = await Promise.all(
      [first, second, { operation }].map((one) => stepIds(one.operation.operation_id)),
    );
    const [[a1], [b1], [c1, c2, c3]] = ids as [string[], string[], string[]];
    expect(sent()).toEqual([
      `/baskets ${c1} service 1.0000`,
      `/refunds ${b1} ${c2} 5.0000`,
      `/refunds ${a1} ${c3} 8.0000`,
    ]);
    expect(most).toBe(1);
    expect(cashback).toMatchObject({
      version: 6,
      status: 'success',
      rewarded: rewardOf({ user: '2.0000', service: '4.0000' }),
    });
    await readUntil(async () => app.receiver.operations(operation.operation_id).length > 0);
    expect(app.receiver.operations(operation.operation_id)).toEqual([
      {
        invoice_id: invoice.invoice_id,
        invoice_epoch: 1,
        operation_id: operation.operation_id,
        status: 'success',
      },
    ]);
  });

  test('name the payee of a top-up', async () => {
    const invoice = await createInvoice(app);
    const { operation } = await move(invoice, { service: '7' });
    const { invoice_id, user_id, wallet_id, currency } = invoice;
    expect(upstream.requests).toEqual([
      {
        method: 'POST',
        path: '/baskets',
        body: {
          basket_id: (await stepIds(operation.operation_id))[0],
          wallet_id,
          user_id,
          currency,
          amount: '7.0000',
          source: 'service',
          order_id: invoice_id,
        },
      },
    ]);
  });

  test('a full refund ends at exactly 0', async () => {
    const invoice = await createInvoice(app);
    await move(invoice, { user: '0.0003', service: '0.0001' });
    const { cashback } = await move(invoice, {});
    expect(cashback).toMatchObject({
      status: 'success',
      rewarded: rewardOf({ user: '0.0000', service: '0.0000' }),
    });
  });

  test('rewarded shows the steps that are applied so far', async () => {
    const invoice = await createInvoice(app);
    upstream.answerWith((request) => (request.body?.source === 'service' ? 'cut' : applied(request)));
    await send(invoice, { user: '5', service: '6' });
    const { cashback } = await readUntil(async () => {
      const now = await retrieve(app, invoice.invoice_id);
      return now.cashback.rewarded.length > 0 && now;
    });
    expect(cashback).toMatchObject({
      version: 1,
      status: 'in-progress',
      rewarded: rewardOf({ user: '5.0000' }),
    });
    upstream.answerWith(applied);
    await settledInvoice(app, invoice.invoice_id);
  });
});

describe('an answer that is not clearly about a step is no refusal', () => {
  const unclear: [string, (request: UpstreamRequest) => ReturnType<typeof applied>][] = [
    ['a connection that is cut', () => 'cut'],
    ['a 500', () => problem(500, 'INTERNAL')],
    ['a 503', () => problem(503, 'OVERLOADED')],
    ['a 429', () => problem(429, 'TOO_MANY')],
    ['a token that is not accepted', () => problem(401, 'UNAUTHORIZED')],
    ['a scope that is missing', () => problem(403, 'FORBIDDEN')],
    ['an address that is wrong', () => problem(404, 'NOT_FOUND')],
    ['an answer of another form', () => ({ status: 200, body: { hello: 'world' } })],
    ['a 4xx without an error code', () => ({ status: 400, body: 'what?' })],
  ];
  test.each(unclear)('%s: the same id goes out again until its fate is known', async (_, answer) => {
    upstream.answerWith(answer);
    const invoice = await createInvoice(app);
    const operation = await send(invoice, { user: '10' });
    await readUntil(async () => upstream.requests.length >= 3);
    expect(await retrieve(app, invoice.invoice_id)).toMatchObject({
      cashback: { status: 'in-progress', rewarded: [] },
    });
    upstream.answerWith(applied);
    const { cashback } = await settledInvoice(app, invoice.invoice_id);
    expect(cashback).toMatchObject({ status: 'success', rewarded: rewardOf({ user: '10.0000' }) });
    const [id] = await stepIds(operation.operation_id);
    expect(new Set(sent())).toEqual(new Set([`/baskets ${id} user 10.0000`]));
  });

  test('no answer in time: the same id goes out again', async () => {
    let hangs = true;
    upstream.answerWith((request) => (hangs ? new Promise(() => {}) : applied(request)));
    const invoice = await createInvoice(app);
    const operation = await send(invoice, { user: '10' });
    await readUntil(async () => upstream.requests.length > 0);
    hangs = false;
    await readUntil(async () => upstream.requests.length >= 2);
    expect((await settledInvoice(app, invoice.invoice_id)).cashback.status).toBe('success');
    const [id] = await stepIds(operation.operation_id);
    expect(new Set(sent())).toEqual(new Set([`/baskets ${id} user 10.0000`]));
  });

  test('a pending step is polled, and sent again only when Trust does not know it', async () => {
    upstream.answerWith(pending);
    const invoice = await createInvoice(app);
    const { operation_id } = await send(invoice, { user: '10' });
    await readUntil(async () => upstream.requests.length >= 4);
    const [id] = await stepIds(operation_id);
    const post = `/baskets ${id} user 10.0000`;
    const get = `GET /baskets/${id}`;
    expect(sent().slice(0, 4)).toEqual([post, get, get, get]);
    upstream.answerWith((request) =>
      request.method === 'GET' ? problem(404, 'BASKET_NOT_FOUND') : applied(request),
    );
    expect((await settledInvoice(app, invoice.invoice_id)).cashback.status).toBe('success');
    expect(sent().at(-1)).toBe(post);
  });

  test('a refused lookup leaves the step as it is', async () => {
    upstream.answerWith((request) =>
      request.method === 'GET' ? problem(422, 'SOMETHING') : pending(request),
    );
    const invoice = await createInvoice(app);
    await send(invoice, { user: '10' });
    await readUntil(async () => upstream.requests.length >= 4);
    expect((await retrieve(app, invoice.invoice_id)).cashback.status).toBe('in-progress');
    upstream.answerWith(applied);
    expect((await settledInvoice(app, invoice.invoice_id)).cashback.status).toBe('success');
  });
});

describe('a refusal', () => {
  const refusals: [string, (request: UpstreamRequest) => ReturnType<typeof applied>, string][] = [
    [
      'by an error code that Trust keeps',
      (request) =>
        request.method === 'GET' ? failed(request, 'kept forever') : problem(422, 'REFUND_EXCEEDS_BASKET'),
      'kept forever',
    ],
    ['by status', failed, 'as the test says'],
    ['with text that no row can store', (request) => failed(request, 'no\0money'), 'no\uFFFDmoney'],
    [
      'by status, after a time',
      (request) => (request.method === 'GET' ? failed : pending)(request),
      'as the test says',
    ],
  ];
  test.each(refusals)(
    '%s: later steps are never sent, and rewarded shows what was applied',
    async (_, refuse, reason) => {
      const invoice = await createInvoice(app);
      await move(invoice, { user: '10', service: '4' });
      await move(invoice, { user: '10', service: '10' });
      // Refused: the second of three steps.
      upstream.answerWith((request) => {
        const id = request.body?.refund_id ?? request.path;
        return String(id).endsWith('.2') ? refuse(request) : applied(request);
      });
      const { operation, cashback } = await move(invoice, { user: '12', service: '1' });
      expect(cashback.status).toBe('failed');
      expect(cashback.operations[0].reason).toContain(reason);
      expect(cashback.rewarded).toEqual(rewardOf({ user: '12.0000', service: '10.0000' }));
      const steps = await queryRows(
        app.database,
        'SELECT status FROM transactions.operation_steps WHERE operation_id = $1 ORDER BY step_number',
        [operation.operation_id],
      );
      expect(steps.map(({ status }) => status)).toEqual(['applied', 'refused', 'skipped']);

      // The next operation starts from what is there.
      upstream.answerWith(applied);
      upstream.requests.length = 0;
      const next = await move(invoice, { user: '12', service: '1' });
      expect(next.cashback).toMatchObject({
        status: 'success',
        rewarded: rewardOf({ user: '12.0000', service: '1.0000' }),
      });
      expect(upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
      const [first] = await readUntil(async () => {
        const found = app.receiver.operations(operation.operation_id);
        return found.length > 0 && found;
      });
      expect(first?.status).toBe('failed');
    },
  );

  test('by an error code says nothing when Trust has carried the step out', async () => {
    const invoice = await createInvoice(app);
    upstream.answerWith((request) =>
      request.method === 'GET' ? applied(request) : problem(422, 'SOMETHING'),
    );
    const { cashback } = await move(invoice, { user: '10' });
    expect(cashback).toMatchObject({ status: 'success', rewarded: rewardOf({ user: '10.0000' }) });
  });

  test('that Trust does not keep repeats its step, and the reason shows meanwhile', async () => {
    const invoice = await createInvoice(app);
    upstream.answerWith(({ method }) =>
      method === 'GET' ? problem(404, 'BASKET_NOT_FOUND') : problem(422, 'SOMETHING'),
    );
    await send(invoice, { user: '10' });
    const { cashback } = await readUntil(async () => {
      const found = await retrieve(app, invoice.invoice_id);
      return found.cashback.operations[0].reason !== undefined && found;
    });
    expect(cashback).toMatchObject({ status: 'in-progress', rewarded: [] });
    expect(cashback.operations[0].reason).toContain('SOMETHING');
    upstream.answerWith(applied);
    const ended = await settledInvoice(app, invoice.invoice_id);
    expect(ended.cashback).toMatchObject({ status: 'success', rewarded: rewardOf({ user: '10.0000' }) });
    expect(ended.cashback.operations[0]).not.toHaveProperty('reason');
    expect(new Set(sent().filter((line) => !line.startsWith('GET'))).size).toBe(1);
  });

  test('of the first step skips all others', async () => {
    const invoice = await createInvoice(app);
    upstream.answerWith(failed);
    const { operation, cashback } = await move(invoice, { user: '1', service: '2' });
    expect(cashback).toMatchObject({ status: 'failed', version: 2, rewarded: [] });
    expect(upstream.requests).toHaveLength(1);
    const steps = await queryRows(
      app.database,
      'SELECT status FROM transactions.operation_steps WHERE operation_id = $1 ORDER BY step_number',
      [operation.operation_id],
    );
    expect(steps.map(({ status }) => status)).toEqual(['refused', 'skipped']);
  });
});

describe('many orders', () => {
  test('a slow order holds up no other', async () => {
    const slow = await createInvoice(app);
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    upstream.answerWith(async (request) => {
      if (request.body?.order_id === slow.invoice_id) await held;
      return applied(request);
    });
    const others = await Promise.all(Array.from({ length: 15 }, () => createInvoice(app)));
    await Promise.all([slow, ...others].map((invoice) => send(invoice, { user: '1', service: '1' })));
    for (const { invoice_id } of others) await settledInvoice(app, invoice_id);
    expect((await retrieve(app, slow.invoice_id)).cashback.status).toBe('in-progress');
    letGo();
    expect((await settledInvoice(app, slow.invoice_id)).cashback.status).toBe('success');
  });

  test('losing the whole queue loses no operation', async () => {
    upstream.answerWith(() => 'cut');
    const invoices = await Promise.all(Array.from({ length: 5 }, () => createInvoice(app)));
    await Promise.all(invoices.map((invoice) => send(invoice, { user: '1' })));
    await app.stop();
    await queryRows(app.owner, 'DELETE FROM transactions_jobs.job');
    upstream.answerWith(applied);
    await app.restart();
    for (const { invoice_id } of invoices) {
      expect((await settledInvoice(app, invoice_id)).cashback).toMatchObject({
        status: 'success',
        version: 2,
      });
    }
  });
});

test('the newest 20 operations are shown, newest first', async () => {
  const invoice = await createInvoice(app);
  const ids: string[] = [];
  for (let count = 0; count < 22; count++) ids.push((await send(invoice, {})).operation_id);
  const { cashback } = await retrieve(app, invoice.invoice_id);
  expect(cashback.operations.map(({ operation_id }: { operation_id: string }) => operation_id)).toEqual(
    ids.toReversed().slice(0, 20),
  );
});
