import type { Guarantee } from '../guarantee.ts';
import { assertReached } from '../harness.ts';
import { assertThat, assertSame } from '../verdict.ts';

const CONCURRENT_CALLS = 8;

export const concurrency: readonly Guarantee[] = [
  {
    id: 'T29',
    title: 'of concurrent operations exactly one is accepted',
    async check(harness) {
      const invoice = await harness.createInvoice();
      const targets = Array.from({ length: CONCURRENT_CALLS }, (_, index) => ({ user: `${index + 1}` }));
      const sent = targets.map((target) => harness.newOperation(invoice, 0, target));
      const answers = await Promise.all(sent.map((body) => harness.api.call('updateCashback', body)));
      const accepted = sent.flatMap((operation, index) =>
        answers[index]?.status === 200 ? [{ operation, target: targets[index] ?? {} }] : [],
      );
      assertThat(
        accepted.length === 1,
        `expected 1 of ${CONCURRENT_CALLS} to be accepted, got ${accepted.length}`,
      );
      for (const { status, code } of answers) {
        const refused = status === 409 && (code === 'OPERATION_IN_FLIGHT' || code === 'VERSION_MISMATCH');
        assertThat(
          status === 200 || refused,
          `expected 409 OPERATION_IN_FLIGHT or VERSION_MISMATCH, got ${status} ${code}`,
        );
      }
      const cashback = await harness.untilEnded(invoice);
      assertReached(cashback, accepted[0]?.target ?? {});
      assertSame('operations', cashback.operations.length, 1);
      return `1 of ${CONCURRENT_CALLS}`;
    },
  },
  {
    id: 'T30',
    title: 'concurrent repeats of one operation are one operation',
    async check(harness) {
      const invoice = await harness.createInvoice();
      const operation = harness.newOperation(invoice, 0, { user: '10', service: '1' });
      const sent = Array.from({ length: CONCURRENT_CALLS }, () =>
        harness.api.accept('updateCashback', operation),
      );
      for (const { operation_id } of await Promise.all(sent)) {
        assertSame('operation_id', operation_id, operation.operation_id);
      }
      const cashback = await harness.untilEnded(invoice);
      assertReached(cashback, { user: '10', service: '1' });
      assertSame('operations', cashback.operations.length, 1);
      return `${CONCURRENT_CALLS} calls, one operation`;
    },
  },
  {
    id: 'T31',
    title: 'one operation id for several invoices is accepted for exactly one of them',
    async check(harness) {
      const invoices = await Promise.all(Array.from({ length: 4 }, () => harness.createInvoice()));
      const operation_id = harness.newId();
      const answers = await Promise.all(
        invoices.map((invoice) =>
          harness.api.call(
            'updateCashback',
            harness.newOperation(invoice, 0, { user: '10' }, { operation_id }),
          ),
        ),
      );
      const accepted = answers.filter(({ status }) => status === 200).length;
      const refused = answers.filter(({ code }) => code === 'OPERATION_BODY_MISMATCH').length;
      assertSame('accepted and refused', [accepted, refused], [1, invoices.length - 1]);
      return `1 of ${invoices.length}`;
    },
  },
];
