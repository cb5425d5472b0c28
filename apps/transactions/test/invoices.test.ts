import { describe, expect, test } from 'vitest';
import { forTests, readUntil, untilEqual } from '@cashback/testing';
import { setUpAlone } from './set-up.ts';
import { createInvoice, newInvoice, queryRows, retrieve } from './support.ts';

const { app } = forTests(() => setUpAlone());

const paid = (amount: string) => [{ payment_type: 'card', items: [{ item_id: 'ride', amount }] }];
const create = (invoice: unknown) => app.post('/v2/invoice/create', invoice);
const change = (invoiceId: string, version: number, status: string, payments: unknown = paid('100')) =>
  app.post('/v2/invoice/update', { invoice_id: invoiceId, version, status, payments });

describe('create', () => {
  test('answers the invoice, without cashback yet', async () => {
    const invoice = newInvoice({ payments: paid('100') });
    const { status, body } = await create(invoice);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...invoice,
      invoice_epoch: 1,
      version: 1,
      payments: paid('100.0000'),
      cashback: { version: 0, status: 'success', rewarded: [], operations: [] },
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: body.created_at,
    });
    expect(await retrieve(app, invoice.invoice_id)).toEqual(body);
  });

  test('the same body again is answered with the invoice as it is now', async () => {
    const invoice = await createInvoice(app, { status: 'held' });
    await change(invoice.invoice_id, 1, 'cleared');
    const { status, body } = await create({ ...invoice, payments: paid('100') });
    expect([status, body.version, body.status]).toEqual([200, 2, 'cleared']);
  });

  test.each([
    ['service', 'green'],
    ['user_id', 'another-user'],
    ['wallet_id', 'another'],
    ['currency', 'EUR'],
    ['status', 'held'],
    ['payments', paid('100.0001')],
  ])('another %s is refused', async (field, value) => {
    const invoice = await createInvoice(app);
    const { status, body } = await create({ ...invoice, [field]: value });
    expect([status, body.error.code, body.error.details.fields]).toEqual([409, 'INVOICE_EXISTS', [field]]);
  });

  test('concurrent repeats make one invoice with one row of history and one callback', async () => {
    const invoice = newInvoice();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(invoice)));
    expect(answers.map(({ status, body }) => [status, body.version])).toEqual(Array(10).fill([200, 1]));
    const rows = await queryRows(
      app.database,
      'SELECT version FROM transactions.invoice_history WHERE invoice_id = $1',
      [invoice.invoice_id],
    );
    expect(rows).toEqual([{ version: 1 }]);
    await readUntil(async () => app.receiver.invoices(invoice.invoice_id).length > 0);
    expect(app.receiver.invoices(invoice.invoice_id)).toEqual([
      { invoice_id: invoice.invoice_id, invoice_epoch: 1, version: 1, service: 'yellow' },
    ]);
  });
});

describe('update', () => {
  test('each change of money is a version, with a row that explains it and a callback', async () => {
    const { invoice_id } = await createInvoice(app, { status: 'held', payments: paid('100') });
    const changes = [
      ['held', '80'],
      ['cleared', '80'],
      ['cleared', '30'],
      ['cleared', '90'],
      ['cancelled', '0'],
    ] as const;
    for (const [index, [status, amount]] of changes.entries()) {
      const { body } = await change(invoice_id, index + 1, status, paid(amount));
      expect(body).toMatchObject({ version: index + 2, status, payments: paid(`${amount}.0000`) });
    }
    const rows = await queryRows(
      app.database,
      'SELECT version, status, captured_sum, changed_by FROM transactions.invoice_history WHERE invoice_id = $1 ORDER BY version',
      [invoice_id],
    );
    const row = (version: number, status: string, captured_sum: string) => ({
      version,
      status,
      captured_sum,
      changed_by: 'test',
    });
    expect(rows).toEqual([
      row(1, 'held', '0.0000'),
      row(2, 'held', '0.0000'),
      row(3, 'cleared', '80.0000'),
      row(4, 'cleared', '30.0000'),
      row(5, 'cleared', '90.0000'),
      row(6, 'cancelled', '0.0000'),
    ]);
    await untilEqual(
      () => [...new Set(app.receiver.invoices(invoice_id).map(({ version }) => version))].toSorted(),
      [1, 2, 3, 4, 5, 6],
    );
  });

  test('the same update after a lost answer is answered with the current invoice', async () => {
    const { invoice_id } = await createInvoice(app);
    const first = await change(invoice_id, 1, 'cleared', paid('40'));
    const again = await change(invoice_id, 1, 'cleared', paid('40.0'));
    expect(again).toEqual(first);
  });

  test('a version that is not the current one is refused, naming both', async () => {
    const { invoice_id } = await createInvoice(app);
    await change(invoice_id, 1, 'cleared', paid('40'));
    for (const version of [1, 3]) {
      const { status, body } = await change(invoice_id, version, 'cleared', paid('39'));
      expect([status, body.error.code]).toEqual([409, 'VERSION_MISMATCH']);
      expect(body.error.details).toEqual({ invoice_id, version, current_version: 2 });
    }
  });

  test('an update with the same money changes nothing', async () => {
    const { invoice_id } = await createInvoice(app);
    const { body } = await change(invoice_id, 1, 'cleared', paid('100'));
    expect(body.version).toBe(1);
  });

  test.each([
    ['cleared', 'held'],
    ['cancelled', 'held'],
    ['cancelled', 'cleared'],
    ['cancelled', 'cancelled'],
  ])('what is %s cannot become %s', async (from, to) => {
    const { invoice_id } = await createInvoice(app);
    if (from === 'cancelled') await change(invoice_id, 1, 'cancelled', []);
    const version = from === 'cancelled' ? 2 : 1;
    const { status, body } = await change(invoice_id, version, to, []);
    expect([status, body.error.code]).toEqual([409, 'STATUS_FORBIDDEN']);
    expect(body.error.details).toMatchObject({ status: to, current_status: from });
  });

  test('a cancelled invoice with an amount is refused', async () => {
    const { invoice_id } = await createInvoice(app);
    const { status, body } = await change(invoice_id, 1, 'cancelled', paid('0.0001'));
    expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
    expect(body.error.message).toContain('got 0.0001');
  });

  test('of two concurrent updates one is applied, the other refused', async () => {
    const { invoice_id } = await createInvoice(app);
    const answers = await Promise.all([
      change(invoice_id, 1, 'cleared', paid('50')),
      change(invoice_id, 1, 'cleared', paid('60')),
    ]);
    expect(answers.map(({ body }) => body.error?.code ?? body.version).toSorted()).toEqual([
      2,
      'VERSION_MISMATCH',
    ]);
  });

  test('of no invoice is refused', async () => {
    const { status, body } = await change('nowhere', 1, 'cleared');
    expect([status, body.error.code]).toEqual([404, 'INVOICE_NOT_FOUND']);
  });
});

describe('an invalid input is refused with the name of its field', () => {
  const bad: [string, string, unknown, string][] = [
    ['an unknown field', '/v2/invoice/create', { ...newInvoice(), note: 'hello' }, 'note'],
    [
      'a fifth decimal',
      '/v2/invoice/create',
      { ...newInvoice(), payments: paid('1.00001') },
      'payments[0].items[0].amount',
    ],
    [
      'a number for an amount',
      '/v2/invoice/create',
      { ...newInvoice(), payments: [{ payment_type: 'card', items: [{ item_id: 'a', amount: 1 }] }] },
      'payments[0].items[0].amount',
    ],
    ['a cancelled new invoice', '/v2/invoice/create', newInvoice({ status: 'cancelled' }), 'status'],
    ['an id with a space', '/v2/invoice/create', newInvoice({ invoice_id: 'a b' }), 'invoice_id'],
    ['a lower-case currency', '/v2/invoice/create', newInvoice({ currency: 'usd' }), 'currency'],
    ['no version', '/v2/invoice/update', { invoice_id: 'a', status: 'held', payments: [] }, 'version'],
    ['no id', '/v2/invoice/retrieve', {}, 'invoice_id'],
    ['a page of nothing', '/v2/invoice/changes', { limit: 0 }, 'limit'],
    ['a page too large', '/v2/invoice/changes', { limit: 1001 }, 'limit'],
    [
      'a source twice',
      '/update/cashback',
      { ...cashback(), reward: [reward('user'), reward('user')] },
      'reward[1].source',
    ],
    [
      'an unknown source',
      '/update/cashback',
      { ...cashback(), reward: [reward('bank')] },
      'reward[0].source',
    ],
    [
      'a negative amount',
      '/update/cashback',
      { ...cashback(), reward: [{ source: 'user', amount: '-1' }] },
      'reward[0].amount',
    ],
    ['a version below zero', '/update/cashback', { ...cashback(), version: -1 }, 'version'],
  ];

  test.each(bad)('%s', async (_, path, input, field) => {
    const { status, body } = await app.post(path, input);
    expect([status, body.error.code, body.error.issues[0].path]).toEqual([400, 'BAD_REQUEST', field]);
  });

  test('a body that is not JSON', async () => {
    const { status, body } = await app.post('/v2/invoice/retrieve', '{');
    expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
  });

  test('an unknown invoice', async () => {
    const { status, body } = await app.post('/v2/invoice/retrieve', { invoice_id: 'nowhere' });
    expect([status, body.error]).toEqual([
      404,
      {
        code: 'INVOICE_NOT_FOUND',
        message: 'there is no invoice nowhere',
        retryable: false,
        details: { invoice_id: 'nowhere' },
      },
    ]);
  });

  test.each(['/v2/invoice/create', '/v2/invoice/update', '/update/cashback'])(
    'a token without the scope of %s',
    async (path) => {
      const { status, body } = await app.post(path, {}, app.readerToken);
      expect([status, body.error.code]).toEqual([403, 'FORBIDDEN']);
    },
  );
});

function cashback() {
  return {
    invoice_id: 'a',
    operation_id: 'b',
    version: 0,
    user_id: 'u',
    wallet_id: 'w',
    currency: 'USD',
    reward: [],
  };
}

function reward(source: string) {
  return { source, amount: '1' };
}
