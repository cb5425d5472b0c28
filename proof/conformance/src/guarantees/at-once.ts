import type { Guarantee } from '../guarantee.ts';
import { assertReached } from '../scene.ts';
import { hold, same } from '../verdict.ts';

const AT_ONCE = 8;

export const atOnce: readonly Guarantee[] = [
  {
    id: 'T29',
    title: 'of several operations at the same moment exactly one is accepted',
    async check(scene) {
      const invoice = await scene.createInvoice();
      const targets = Array.from({ length: AT_ONCE }, (_, index) => ({ user: `${index + 1}` }));
      const sent = targets.map((target) => scene.newOperation(invoice, 0, target));
      const answers = await Promise.all(sent.map((body) => scene.api.call('updateCashback', body)));
      const accepted = sent.flatMap((operation, index) =>
        answers[index]?.status === 200 ? [{ operation, target: targets[index] ?? {} }] : [],
      );
      hold(accepted.length === 1, `expected 1 of ${AT_ONCE} to be accepted, got ${accepted.length}`);
      for (const { status, code } of answers) {
        const refused = status === 409 && (code === 'OPERATION_IN_FLIGHT' || code === 'VERSION_MISMATCH');
        hold(
          status === 200 || refused,
          `expected 409 OPERATION_IN_FLIGHT or VERSION_MISMATCH, got ${status} ${code}`,
        );
      }
      const cashback = await scene.untilEnded(invoice);
      assertReached(cashback, accepted[0]?.target ?? {});
      same('operations', cashback.operations.length, 1);
      return `1 of ${AT_ONCE}`;
    },
  },
  {
    id: 'T30',
    title: 'repeats of one operation at the same moment are one operation',
    async check(scene) {
      const invoice = await scene.createInvoice();
      const operation = scene.newOperation(invoice, 0, { user: '10', service: '1' });
      const sent = Array.from({ length: AT_ONCE }, () => scene.api.accept('updateCashback', operation));
      for (const { operation_id } of await Promise.all(sent)) {
        same('operation_id', operation_id, operation.operation_id);
      }
      const cashback = await scene.untilEnded(invoice);
      assertReached(cashback, { user: '10', service: '1' });
      same('operations', cashback.operations.length, 1);
      return `${AT_ONCE} calls, one operation`;
    },
  },
  {
    id: 'T31',
    title: 'one id for several invoices is given to one of them',
    async check(scene) {
      const invoices = await Promise.all(Array.from({ length: 4 }, () => scene.createInvoice()));
      const operation_id = scene.newId();
      const answers = await Promise.all(
        invoices.map((invoice) =>
          scene.api.call('updateCashback', scene.newOperation(invoice, 0, { user: '10' }, { operation_id })),
        ),
      );
      const accepted = answers.filter(({ status }) => status === 200).length;
      const refused = answers.filter(({ code }) => code === 'OPERATION_BODY_MISMATCH').length;
      same('accepted and refused', [accepted, refused], [1, invoices.length - 1]);
      return `1 of ${invoices.length}`;
    },
  },
];
