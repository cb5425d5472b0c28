import type { Guarantee } from '../guarantee.ts';
import { type Target, assertReached, hasEnded, paid } from '../scene.ts';
import { hold, same } from '../verdict.ts';

const ROUNDS = 6;
const SHOWN_OPERATIONS = 20;

export const operations: readonly Guarantee[] = [
  {
    id: 'T18',
    title: 'an accepted operation ends by itself, and its end is found by retrieving the invoice',
    async check(scene) {
      const invoice = await scene.createInvoice();
      const operation = scene.newOperation(invoice, 0, { user: '10', service: '2.5' });
      const { operation_id } = operation;
      const answer = await scene.api.accept('updateCashback', operation);
      same('operation_id', answer.operation_id, operation_id);
      hold(
        answer.version > 0,
        `expected a cashback version above 0 after the acceptance, got ${answer.version}`,
      );
      const { cashback: seen } = await scene.retrieve(invoice);
      same('the newest operation', seen.operations[0]?.operation_id, operation_id);
      const cashback = await scene.untilEnded(invoice);
      assertReached(cashback, { user: '10', service: '2.5' });
      hold(
        cashback.version >= answer.version,
        `expected a version of at least ${answer.version} at the end, got ${cashback.version}`,
      );
      return `answered ${answer.status}, ended as ${cashback.status}`;
    },
  },
  {
    id: 'T19',
    title: 'after success rewarded is the target: up, down, from one source to the other, and to 0',
    async check(scene) {
      const targets: Target[] = [
        { user: '10', service: '5' },
        { user: '12.5', service: '5' },
        { user: '3', service: '7.0001' },
        { user: '3', service: '7.0001' },
        { service: '20' },
        { user: '0.0001' },
        {},
        { user: '4' },
        {},
      ];
      const invoice = await scene.createInvoice();
      for (const target of targets) await scene.reach(invoice, target);
      return `${targets.length} targets, the last one 0`;
    },
  },
  {
    id: 'T20',
    title: 'what has ended stays ended: the version that is read with the end is good for the next operation',
    async check(scene) {
      const invoice = await scene.createInvoice();
      for (let round = 1; round <= ROUNDS; round++) {
        const { cashback } = await scene.reach(invoice, { user: `${round}`, service: `${ROUNDS - round}` });
        const { cashback: later } = await scene.retrieve(invoice);
        same('the cashback, looked at again', later, cashback);
      }
      return `${ROUNDS} operations, each sent at once after the end of the one before`;
    },
  },
  {
    id: 'T21',
    title: "the status is the newest operation's, and the newest 20 operations are listed, newest first",
    async check(scene) {
      const invoice = await scene.createInvoice();
      const ids: string[] = [];
      for (let count = 0; count < SHOWN_OPERATIONS + 2; count++) {
        const { operation, cashback } = await scene.reach(
          invoice,
          count % 5 === 0 ? { user: `${count}` } : {},
        );
        ids.unshift(operation.operation_id);
        same('the status', cashback.status, cashback.operations[0]?.status);
      }
      const { cashback } = await scene.retrieve(invoice);
      same(
        'operations',
        cashback.operations.map(({ operation_id }) => operation_id),
        ids.slice(0, SHOWN_OPERATIONS),
      );
      hold(cashback.operations.every(hasEnded), 'expected every operation to have ended');
      return `${ids.length} operations, ${cashback.operations.length} listed`;
    },
  },
  {
    id: 'T22',
    title: 'money and cashback have versions of their own',
    async check(scene) {
      const invoice = await scene.createInvoice();
      const { cashback } = await scene.reach(invoice, { user: '10' });
      const { invoice_id } = invoice;
      const update = { invoice_id, version: 1, status: 'cleared', payments: paid('50') };
      const updated = await scene.api.accept('update', update);
      same('version after an operation and an update', updated.version, 2);
      same('the cashback after an update', updated.cashback, cashback);
      await scene.reach(invoice, { user: '5' });
      same('version after another operation', (await scene.retrieve(invoice)).version, 2);
      return 'neither moves the other';
    },
  },
];
