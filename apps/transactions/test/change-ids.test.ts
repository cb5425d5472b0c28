import { forTests } from '@cashback/testing';
import { describe, expect, test } from 'vitest';
import { decideUpdate } from '../src/invoices/decide-update.ts';
import { setUpAlone } from './set-up.ts';
import { createInvoice, newInvoice, queryRows, retrieve } from './support.ts';

const { app } = forTests(() => setUpAlone());

const paid = (amount: string) => [{ payment_type: 'card', items: [{ item_id: 'ride', amount }] }];
const update = (body: Record<string, unknown>) =>
  app.post('/v2/invoice/update', { status: 'cleared', ...body });

describe('two clerks refund 10 each at the same moment', () => {
  test('the second is refused as out of date, and applies after a retrieve', async () => {
    const { invoice_id } = await createInvoice(app, { payments: paid('50') });
    const body = { invoice_id, version: 1, payments: paid('40') };
    const answers = await Promise.all([
      update({ ...body, change_id: 'clerk-a' }),
      update({ ...body, change_id: 'clerk-b' }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.error.code).toBe('VERSION_MISMATCH');
    const first = answers.find(({ status }) => status === 200)?.body;
    expect(first).toMatchObject({ version: 2, payments: paid('40.0000') });

    const [winner, other] = answers[0]?.status === 200 ? ['clerk-a', 'clerk-b'] : ['clerk-b', 'clerk-a'];
    const repeated = await update({ ...body, change_id: winner });
    expect(repeated).toEqual({ status: 200, body: first });

    const { body: left } = await update({ invoice_id, version: 2, payments: paid('30'), change_id: other });
    expect(left).toMatchObject({ version: 3, payments: paid('30.0000') });
    const late = await update({ ...body, change_id: winner });
    expect(late).toEqual({ status: 200, body: left });
  });

  test('without ids the second counts as a repeat of the first, as before', async () => {
    const { invoice_id } = await createInvoice(app, { payments: paid('50') });
    const body = { invoice_id, version: 1, payments: paid('40') };
    await update(body);
    expect(await update(body)).toMatchObject({ status: 200, body: { version: 2 } });
  });
});

test('another id with the current content is another version', async () => {
  const { invoice_id } = await createInvoice(app, { payments: paid('50') });
  const { body } = await update({ invoice_id, version: 1, payments: paid('50'), change_id: 'again' });
  expect(body.version).toBe(2);
});

test('an id with another body is refused with the fields that differ, and nothing changes', async () => {
  const { invoice_id } = await createInvoice(app, { payments: paid('50'), change_id: 'created' });
  await update({ invoice_id, version: 1, payments: paid('40'), change_id: 'one' });
  const before = await retrieve(app, invoice_id);
  for (const [body, fields] of [
    [{ version: 1, payments: paid('39'), change_id: 'one' }, ['payments']],
    [{ version: 2, payments: paid('40'), change_id: 'one' }, ['version']],
    [{ version: 1, payments: paid('50'), change_id: 'created' }, ['version']],
  ] as const) {
    const { status, body: answer } = await update({ invoice_id, ...body });
    expect([status, answer.error.code]).toEqual([409, 'CHANGE_BODY_MISMATCH']);
    expect(answer.error.details.fields).toEqual(fields);
  }
  expect(await retrieve(app, invoice_id)).toEqual(before);
});

test('the creation has an id as well, and another id is another creation', async () => {
  const invoice = newInvoice({ change_id: 'created' });
  const create = (change: Record<string, unknown>) =>
    app.post('/v2/invoice/create', { ...invoice, ...change });
  expect((await create({})).status).toBe(200);
  expect((await create({})).status).toBe(200);
  const { invoice_id } = invoice;
  await update({ invoice_id, version: 1, payments: paid('40'), change_id: 'refund' });
  expect((await create({ change_id: 'other' })).body.error.code).toBe('INVOICE_EXISTS');
  expect((await create({ change_id: 'refund' })).body.error.code).toBe('CHANGE_BODY_MISMATCH');
  expect((await create({ currency: 'EUR' })).body.error.code).toBe('CHANGE_BODY_MISMATCH');
  const { change_id: _, ...without } = invoice as typeof invoice & { change_id: string };
  expect((await app.post('/v2/invoice/create', without)).status).toBe(200);
});

test('the history keeps the ids', async () => {
  const { invoice_id } = await createInvoice(app, { change_id: 'created' });
  await update({ invoice_id, version: 1, payments: [] });
  const { body } = await app.post('/v2/invoice/history', { invoice_id });
  expect(body.versions.map(({ change_id }: { change_id?: string }) => change_id)).toEqual([
    'created',
    undefined,
  ]);
  await expect(
    queryRows(
      app.owner,
      `INSERT INTO transactions.invoice_history (invoice_id, version, status, payments, captured_sum, changed_by, change_id)
       VALUES ($1, 3, 'cleared', '[]', 0, 'test', 'created')`,
      [invoice_id],
    ),
  ).rejects.toThrow('invoice_history_change');
});

test('a new id at an older version is refused, even when its content made the current one', () => {
  const current = { version: 2, status: 'cleared' as const, payments: paid('40') };
  const input = { ...current, invoice_id: 'i', version: 1, change_id: 'new' };
  const decision = decideUpdate(current, input, null);
  expect(decision.outcome === 'refused' && decision.error.code).toBe('VERSION_MISMATCH');
});
