import { randomUUID } from 'node:crypto';
import { SOURCES, amountOf, formatAmount, parseBalance, totalOf, parseAmounts } from '@cashback/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { walletPolicies, walletPolicyOf } from '../src/cashback/accept/wallet-policies.ts';
import type { RealTrust } from './real-trust.ts';
import { setUpWithTrust, setUpWithUpstream } from './set-up.ts';
import {
  type TransactionsUnderTest,
  createInvoice,
  loadStepIds,
  newOperation,
  queryRows,
  retrieve,
  settledInvoice,
} from './support.ts';
import { type Upstream, applied } from './upstream.ts';

const FAIL_FOR_GREEN = JSON.stringify({ green: 'fail', blue: 'take_what_is_there' });

async function move(
  app: TransactionsUnderTest,
  invoice: Awaited<ReturnType<typeof createInvoice>>,
  amounts: Record<string, string>,
) {
  const { cashback } = await retrieve(app, invoice.invoice_id);
  const reward = Object.entries(amounts).map(([source, amount]) => ({ source, amount }));
  const operation = newOperation(invoice, { version: cashback.version, reward });
  expect((await app.post('/update/cashback', operation)).status).toBe(200);
  return { operation, ...(await settledInvoice(app, invoice.invoice_id)).cashback };
}

describe('with the stand-in of the payment system', () => {
  let app: TransactionsUnderTest;
  let trust: RealTrust;
  let tearDown: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    ({ app, trust, tearDown } = await setUpWithTrust({ WALLET_POLICIES: FAIL_FOR_GREEN }));
  });
  afterAll(() => tearDown?.());

  test('a service that is not named takes a spent wallet below zero', async () => {
    const invoice = await createInvoice(app, { service: 'yellow' });
    await move(app, invoice, { user: '10' });
    await trust.spend(invoice.wallet_id, '8');
    expect(await move(app, invoice, {})).toMatchObject({ status: 'success' });
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('-8.0000');
  });

  test('a service that forbids it gets failed with the reason; with money in the wallet the next operation succeeds', async () => {
    const invoice = await createInvoice(app, { service: 'green' });
    await move(app, invoice, { user: '10' });
    await trust.spend(invoice.wallet_id, '8');
    const failed = await move(app, invoice, { user: '1' });
    expect(failed).toMatchObject({ status: 'failed', rewarded: [{ source: 'user', amount: '10.0000' }] });
    expect(failed.operations[0].reason).toMatch(
      /^wallet_forbids_negative: refund of 9\.0000 from basket \S+ \(user\) was refused: wallet_short: .+ holds 2\.0000/,
    );
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('2.0000');

    const other = await createInvoice(app, { service: 'green', wallet_id: invoice.wallet_id });
    await move(app, other, { user: '7' });
    expect(await move(app, invoice, { user: '1' })).toMatchObject({
      status: 'success',
      rewarded: [{ source: 'user', amount: '1.0000' }],
    });
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('0.0000');
  });

  test('steps applied before the refusal stay, and rewarded shows them', async () => {
    const invoice = await createInvoice(app, { service: 'green' });
    await move(app, invoice, { user: '10' });
    await move(app, invoice, { user: '14' });
    await trust.spend(invoice.wallet_id, '9');
    // Held: 14 of the user's, in the wallet 5. Planned: 1 up, then 4 and 8 down.
    const failed = await move(app, invoice, { user: '2', service: '1' });
    expect(failed.status).toBe('failed');
    expect(failed.rewarded).toEqual([
      { source: 'user', amount: '10.0000' },
      { source: 'service', amount: '1.0000' },
    ]);
    const steps = await queryRows(
      app.database,
      'SELECT kind, amount, status FROM transactions.operation_steps WHERE operation_id = $1 ORDER BY step_number',
      [failed.operation.operation_id],
    );
    expect(steps).toEqual([
      { kind: 'topup', amount: '1.0000', status: 'applied' },
      { kind: 'refund', amount: '4.0000', status: 'applied' },
      { kind: 'refund', amount: '8.0000', status: 'refused' },
    ]);
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('2.0000');
  });
});

describe('a service whose refunds take what is there', () => {
  let app: TransactionsUnderTest;
  let trust: RealTrust;
  let tearDown: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    ({ app, trust, tearDown } = await setUpWithTrust({ WALLET_POLICIES: FAIL_FOR_GREEN }));
  });
  afterAll(() => tearDown?.());

  test('takes the 3 that are left of 5, owes 2, and the next operation takes only these, once', async () => {
    const invoice = await createInvoice(app, { service: 'blue' });
    await move(app, invoice, { user: '5' });
    await trust.spend(invoice.wallet_id, '2');
    expect(await move(app, invoice, {})).toMatchObject({
      status: 'success',
      rewarded: [{ source: 'user', amount: '2.0000' }],
      owed: [{ source: 'user', amount: '2.0000' }],
    });
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('0.0000');

    const other = await createInvoice(app, { service: 'blue', wallet_id: invoice.wallet_id });
    await move(app, other, { user: '13' });
    const paid = await move(app, invoice, {});
    expect(paid).toMatchObject({ status: 'success', rewarded: [{ source: 'user', amount: '0.0000' }] });
    expect(paid).not.toHaveProperty('owed');
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('11.0000');
    await move(app, invoice, {});
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('11.0000');
  });

  test('a later target that is higher needs no more than what is missing to it, and nothing is owed', async () => {
    const invoice = await createInvoice(app, { service: 'blue' });
    await move(app, invoice, { user: '5', service: '1' });
    await trust.spend(invoice.wallet_id, '6');
    expect(await move(app, invoice, { service: '1' })).toMatchObject({
      owed: [{ source: 'user', amount: '5.0000' }],
    });
    expect(await move(app, invoice, { user: '7', service: '1' })).not.toHaveProperty('owed');
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('2.0000');
  });

  test('an empty wallet gives nothing, and the operation succeeds with the rest owed', async () => {
    const invoice = await createInvoice(app, { service: 'blue' });
    await move(app, invoice, { user: '4' });
    await trust.spend(invoice.wallet_id, '4');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await move(app, invoice, { user: '1' })).toMatchObject({
        status: 'success',
        rewarded: [{ source: 'user', amount: '4.0000' }],
        owed: [{ source: 'user', amount: '3.0000' }],
      });
    }
    expect(await trust.balanceOf(invoice.wallet_id)).toBe('0.0000');
  });
});

describe('with any spends between any targets', () => {
  let app: TransactionsUnderTest;
  let trust: RealTrust;
  let tearDown: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    ({ app, trust, tearDown } = await setUpWithTrust({ WALLET_POLICIES: FAIL_FOR_GREEN }));
    await trust.behave({ lost_answer_share: 0.1 });
  });
  afterAll(() => tearDown?.());

  const cents = fc.bigInt({ min: 0n, max: 2_000n });
  const events = fc.array(
    fc.oneof(
      fc.record({ user: cents, service: cents }).map((target) => ({ target })),
      fc.bigInt({ min: 1n, max: 2_500n }).map((spent) => ({ spent })),
    ),
    { minLength: 3, maxLength: 8 },
  );

  test.concurrent.each(['green', 'yellow', 'blue'])(
    'in %s: money in is money out, and only where the policy allows it a wallet goes below zero',
    async (service) => {
      await fc.assert(
        fc.asyncProperty(events, async (sequence) => {
          const invoice = await createInvoice(app, { service });
          let spent = 0n;
          for (const event of sequence) {
            if ('spent' in event) {
              // Refused when the wallet holds less.
              const [answer] = await Promise.allSettled([
                trust.spend(invoice.wallet_id, formatAmount(event.spent)),
              ]);
              if (answer.status === 'fulfilled') spent += event.spent;
              continue;
            }
            const reward = Object.fromEntries(
              Object.entries(event.target).map(([source, amount]) => [source, formatAmount(amount)]),
            );
            const ended = await move(app, invoice, reward);
            if (ended.status === 'failed') {
              expect(service).toBe('green');
              expect(ended.operations[0].reason).toMatch(/^wallet_forbids_negative/);
            } else {
              const owed = parseAmounts(ended.owed ?? []);
              if (service !== 'blue') expect(totalOf(owed)).toBe(0n);
              const carried = parseAmounts(ended.rewarded);
              for (const source of SOURCES) {
                expect(amountOf(carried, source) - amountOf(owed, source)).toBe(event.target[source]);
              }
            }
          }
          // The same target again takes what came in meanwhile, and a wallet with enough ends every debt.
          if (service === 'blue') {
            const other = await createInvoice(app, { service, wallet_id: invoice.wallet_id });
            await move(app, other, { user: '100' });
            spent -= 1_000_000n;
            expect(await move(app, invoice, {})).not.toHaveProperty('owed');
          }
          const { cashback } = await retrieve(app, invoice.invoice_id);
          const rewarded = totalOf(parseAmounts(cashback.rewarded));
          const movements = await queryRows(
            app.owner,
            'SELECT balance_after FROM trust.wallet_movements WHERE wallet_id = $1 ORDER BY sequence',
            [invoice.wallet_id],
          );
          const balances = movements.map(({ balance_after }) => parseBalance(balance_after));
          expect(balances.at(-1) ?? 0n).toBe(rewarded - spent);
          if (service !== 'yellow') expect(balances.every((balance) => balance >= 0n)).toBe(true);
        }),
        { numRuns: service === 'blue' ? 3 : 4 },
      );
    },
  );
});

describe('the policy of an operation', () => {
  let app: TransactionsUnderTest;
  let upstream: Upstream;
  let tearDown: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    ({ app, upstream, tearDown } = await setUpWithUpstream({ WALLET_POLICIES: FAIL_FOR_GREEN }));
  });
  afterAll(() => tearDown?.());

  test('is frozen with its steps: after the setting changes its refund is sent unchanged', async () => {
    const refunds = (id: string) => upstream.requests.filter(({ body }) => body?.refund_id === id);
    const invoices = await Promise.all(['green', 'yellow'].map((service) => createInvoice(app, { service })));
    for (const invoice of invoices) await move(app, invoice, { user: '10' });
    upstream.answerWith(() => 'cut');
    const waiting = await Promise.all(
      invoices.map(async (invoice) => {
        const operation = newOperation(invoice, { version: 2, reward: [] });
        await app.post('/update/cashback', operation);
        const [refund_id = ''] = await loadStepIds(app, operation.operation_id);
        await readUntil(async () => refunds(refund_id).length > 0);
        return { ...invoice, refund_id };
      }),
    );
    await app.stop();
    app.environment.WALLET_POLICIES = JSON.stringify({ yellow: 'fail' });
    const before = waiting.map(({ refund_id }) => refunds(refund_id).length);
    upstream.answerWith(applied);
    await app.restart();
    for (const [index, { invoice_id, service, refund_id }] of waiting.entries()) {
      expect((await settledInvoice(app, invoice_id)).cashback.status).toBe('success');
      expect(refunds(refund_id).length).toBeGreaterThan(before[index] ?? 0);
      const policies = new Set(refunds(refund_id).map(({ body }) => body.wallet_policy));
      expect(policies).toEqual(new Set([service === 'green' ? 'fail' : undefined]));
    }
  });
});

describe('the setting', () => {
  test.each([
    [{}, 'green', 'go_negative'],
    [{ green: 'fail' }, 'green', 'fail'],
    [{ green: 'fail' }, 'yellow', 'go_negative'],
    [{ '*': 'fail' }, 'yellow', 'fail'],
    [{ '*': 'fail', yellow: 'go_negative' }, 'yellow', 'go_negative'],
    [{}, 'constructor', 'go_negative'],
  ])('%j: the policy of %s is %s', (setting, service, policy) => {
    expect(walletPolicyOf(walletPolicies.parse(setting), service)).toBe(policy);
  });

  test('names services and known policies', () => {
    expect(() => walletPolicies.parse({ green: randomUUID() })).toThrow(
      'one of go_negative, fail, take_what_is_there',
    );
    expect(() => walletPolicies.parse({ 'Not a name': 'fail' })).toThrow('the name of a service');
  });
});
