import { randomUUID } from 'node:crypto';
import { formatAmount, parseAmount } from '@cashback/contract';
import fc from 'fast-check';
import { forTests } from '@cashback/testing';
import { expect, test } from 'vitest';
import { setUpWithTrust } from './set-up.ts';
import { createInvoice, newOperation, retrieve, settledInvoice } from './support.ts';

const { app, trust } = forTests(() =>
  setUpWithTrust({
    WALLET_POLICIES: JSON.stringify({ blue: 'take_what_is_there', green: 'fail' }),
  }),
);

type Created = Awaited<ReturnType<typeof createInvoice>>;

const newPayee = () => ({ user_id: randomUUID(), wallet_id: randomUUID() });

async function change(
  { invoice_id }: { invoice_id: string },
  payee: { user_id: string; wallet_id: string },
  version?: number,
) {
  const seen = version ?? (await retrieve(app, invoice_id)).version;
  return app.post('/v2/invoice/change_payee', { invoice_id, version: seen, ...payee, reason: 'merged' });
}

/** Moves the cashback to a target of the payee of now. */
async function move({ invoice_id }: Created, user: string) {
  const invoice = await retrieve(app, invoice_id);
  const reward = [{ source: 'user', amount: user }];
  const operation = newOperation(invoice, { version: invoice.cashback.version, reward });
  expect((await app.post('/update/cashback', operation)).status).toBe(200);
  return (await settledInvoice(app, invoice_id)).cashback;
}

test('a change is a version of its own in the history and the callbacks, and a repeat changes nothing', async () => {
  const invoice = await createInvoice(app);
  const payee = newPayee();
  const { status, body } = await change(invoice, payee, 1);
  expect([status, body.version, body.cashback.version]).toEqual([200, 2, 1]);
  expect(body).toMatchObject({ ...payee, payments: (await retrieve(app, invoice.invoice_id)).payments });
  expect((await change(invoice, payee, 1)).body.version).toBe(2);
  const { body: history } = await app.post('/v2/invoice/history', { invoice_id: invoice.invoice_id });
  expect(history.versions.map(({ change: name }: { change: string }) => name)).toEqual([
    'cleared',
    'payee_changed',
  ]);
  expect(history.versions[1]).toMatchObject({
    payee: { ...payee, reason: 'merged' },
    captured_change: '0.0000',
    changed_by: 'test',
  });
});

test('the creation that is repeated afterwards is the same as before', async () => {
  const invoice = await createInvoice(app);
  for (const payee of [newPayee(), newPayee()]) await change(invoice, payee);
  expect((await app.post('/v2/invoice/create', invoice)).status).toBe(200);
  const { user_id, wallet_id } = await retrieve(app, invoice.invoice_id);
  const other = await app.post('/v2/invoice/create', { ...invoice, user_id, wallet_id });
  expect(other.body.error).toMatchObject({
    code: 'INVOICE_EXISTS',
    details: { fields: ['user_id', 'wallet_id'] },
  });
});

test('of concurrent changes to different payees one is made', async () => {
  const invoice = await createInvoice(app);
  const answers = await Promise.all(Array.from({ length: 5 }, () => change(invoice, newPayee(), 1)));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409, 409]);
});

test('a spent wallet of an earlier payee gives what it holds, the rest is owed, and the new wallet has its target', async () => {
  const invoice = await createInvoice(app, { service: 'blue' });
  await move(invoice, '5');
  await trust.spend(invoice.wallet_id, '2');
  const payee = newPayee();
  await change(invoice, payee);
  expect(await move(invoice, '5')).toMatchObject({
    status: 'success',
    rewarded: [{ source: 'user', amount: '7.0000' }],
    owed: [{ source: 'user', amount: '2.0000' }],
    elsewhere: [{ source: 'user', amount: '2.0000' }],
  });
  expect(await trust.balanceOf(payee.wallet_id)).toBe('5.0000');
  const other = await createInvoice(app, { service: 'blue', wallet_id: invoice.wallet_id });
  await move(other, '9');
  expect(await move(invoice, '5')).toMatchObject({ rewarded: [{ source: 'user', amount: '5.0000' }] });
  expect(await trust.balanceOf(invoice.wallet_id)).toBe('7.0000');
});

test('the new wallet gets nothing while a spent wallet of an earlier payee forbids the refund', async () => {
  const invoice = await createInvoice(app, { service: 'green' });
  await move(invoice, '5');
  await trust.spend(invoice.wallet_id, '2');
  const payee = newPayee();
  await change(invoice, payee);
  const failed = await move(invoice, '5');
  expect(failed).toMatchObject({
    status: 'failed',
    rewarded: [{ source: 'user', amount: '5.0000' }],
    elsewhere: [{ source: 'user', amount: '5.0000' }],
  });
  expect(failed.operations[0].reason).toMatch(/^wallet_forbids_negative/);
});

test('after any sequence of targets and payees the current wallet holds the target, every other one nothing', async () => {
  const steps = fc.array(
    fc.oneof(
      fc.bigInt({ min: 0n, max: 100_000n }).map((target) => ({ target })),
      fc.constantFrom('a', 'b', 'c').map((payee) => ({ payee })),
    ),
    { minLength: 3, maxLength: 7 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const invoice = await createInvoice(app);
      const wallets = new Set([invoice.wallet_id]);
      let carried = 0n;
      for (const step of sequence) {
        if ('payee' in step) {
          const wallet_id = `${invoice.wallet_id.slice(0, 30)}.${step.payee}`;
          wallets.add(wallet_id);
          expect((await change(invoice, { user_id: step.payee, wallet_id })).status).toBe(200);
          continue;
        }
        carried = step.target;
        const { cashback } = await retrieve(app, invoice.invoice_id);
        const ended = await move(invoice, formatAmount(carried));
        expect(ended.status, JSON.stringify({ before: cashback, ended })).toBe('success');
        expect(ended).not.toHaveProperty('elsewhere');
        const now = (await retrieve(app, invoice.invoice_id)).wallet_id;
        for (const wallet_id of wallets) {
          const balance = await trust.balanceOf(wallet_id).catch(() => '0.0000');
          expect(parseAmount(balance)).toBe(wallet_id === now ? carried : 0n);
        }
      }
    }),
    { numRuns: 6 },
  );
});
