import { forTests, readUntil } from '@cashback/testing';
import { beforeEach, expect, test } from 'vitest';
import { setUpWithUpstream } from './set-up.ts';
import { createInvoice, newOperation, retrieve, settledInvoice } from './support.ts';
import { applied, pending } from './upstream.ts';

const { app, upstream } = forTests(() => setUpWithUpstream());
beforeEach(() => {
  upstream.requests.length = 0;
});

test.each([
  ['amount', '7.0000'],
  ['wallet_id', 'another-wallet'],
  ['user_id', 'another-user'],
  ['currency', 'EUR'],
  ['source', 'service'],
])(
  'a step that Trust has with another %s ends nothing until Trust has what was asked for, and both values are stated',
  async (field, value) => {
    const invoice = await createInvoice(app);
    upstream.answerWith((request) => {
      const answer = request.method === 'GET' ? applied(request) : pending(request);
      if (request.method === 'POST' || answer === 'cut') return answer;
      return { ...answer, body: { ...(answer.body as object), [field]: value } };
    });
    const operation = newOperation(invoice, {
      version: 0,
      reward: [{ source: 'user', amount: '10' }],
    });
    const { operation_id } = operation;
    expect((await app.post('/update/cashback', operation)).status).toBe(200);
    const { user_id, wallet_id, currency } = invoice;
    const asked = new Map(
      Object.entries({ source: 'user', amount: '10.0000', user_id, wallet_id, currency }),
    ).get(field);
    const reasonOf = async () => {
      const { cashback } = await retrieve(app, invoice.invoice_id);
      expect(cashback.status).toMatch(/^(init|in-progress)$/);
      expect(cashback.rewarded).toEqual([]);
      return cashback.operations[0].reason as string | undefined;
    };
    const reason = await readUntil(reasonOf);
    expect(reason).toMatch(/^trust_differs: /);
    expect(reason).toContain(`${field}: asked for ${asked}, Trust has ${value}`);
    // The reason stands while Trust is asked again, and while it is silent.
    const askedAgain = async (): Promise<void> => {
      const before = upstream.requests.length;
      await readUntil(async () => {
        expect(await reasonOf()).toBe(reason);
        return upstream.requests.length >= before + 2;
      });
    };
    await askedAgain();
    upstream.answerWith(() => 'cut');
    await askedAgain();

    upstream.answerWith(applied);
    const { cashback } = await settledInvoice(app, invoice.invoice_id);
    expect(cashback).toMatchObject({
      status: 'success',
      rewarded: [{ source: 'user', amount: '10.0000' }],
      operations: [{ operation_id, status: 'success' }],
    });
    expect(upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  },
);
