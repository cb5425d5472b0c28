import { randomUUID } from 'node:crypto';
import { type AmountsBySource, formatAmounts } from '@cashback/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RealTrust } from './real-trust.ts';
import { setUpWithTrust } from './set-up.ts';
import {
  type TransactionsUnderTest,
  createInvoice,
  newOperation,
  retrieve,
  settledInvoice,
} from './support.ts';
import { expectRewarded, expectTrustAgrees } from './trust-agrees.ts';

let app: TransactionsUnderTest;
let trust: RealTrust;
let tearDown: (() => Promise<void>) | undefined;

beforeAll(async () => {
  ({ app, trust, tearDown } = await setUpWithTrust());
});
afterAll(() => tearDown?.());

const amount = fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 1_000_000n }));
const targets = fc.array(fc.record({ user: amount, service: amount }), { minLength: 2, maxLength: 4 });

async function send(invoice: Awaited<ReturnType<typeof createInvoice>>, target: AmountsBySource) {
  const { cashback } = await retrieve(app, invoice.invoice_id);
  const operation = newOperation(invoice, {
    operation_id: randomUUID(),
    version: cashback.version,
    reward: formatAmounts(target),
  });
  const { body } = await app.post('/update/cashback', operation);
  expect(body.error).toBeUndefined();
  const settled = await settledInvoice(app, invoice.invoice_id);
  await expectTrustAgrees(app, invoice, settled.cashback.rewarded);
  return settled.cashback;
}

test('with lost answers and passing refusals every target is reached exactly, and a full refund leaves 0', async () => {
  await trust.behave({ latency_ms: 15, failure_share: 0.3, lost_answer_share: 0.3 });
  await fc.assert(
    fc.asyncProperty(targets, async (sequence) => {
      const invoice = await createInvoice(app);
      for (const target of [...sequence, {}]) {
        const cashback = await send(invoice, target);
        expect(cashback.status).toBe('success');
        expectRewarded(cashback.rewarded, target);
      }
    }),
    { numRuns: 4 },
  );
});

test('with final refusals too, a failed operation shows what was applied, and the next ones reach the target from there', async () => {
  await trust.behave({ failure_share: 0.1, lost_answer_share: 0.1, refusal_share: 0.3 });
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(targets, async (sequence) => {
      const invoice = await createInvoice(app);
      for (const target of [...sequence, {}]) {
        // 200 in a row that fail do not happen.
        for (let attempt = 0; attempt < 200; attempt++) {
          const cashback = await send(invoice, target);
          if (cashback.status === 'success') {
            expectRewarded(cashback.rewarded, target);
            break;
          }
          expect(cashback.operations[0].reason).toContain('refused by the payment system');
          failures += 1;
        }
        expect((await retrieve(app, invoice.invoice_id)).cashback.status).toBe('success');
      }
    }),
    { numRuns: 3 },
  );
  expect(failures).toBeGreaterThan(0);
});
