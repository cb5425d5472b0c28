import type { Guarantee } from '../guarantee.ts';
import { type Target, assertReached, hasEnded, paid } from '../harness.ts';
import { assertThat, assertSame } from '../verdict.ts';

const ROUNDS = 6;
const SHOWN_OPERATIONS = 20;

export const operations: readonly Guarantee[] = [
  {
    id: 'T18',
    title: 'an accepted operation ends by itself, and retrieving the invoice shows its end',
    async check(harness) {
      const invoice = await harness.createInvoice();
      const operation = harness.newOperation(invoice, 0, { user: '10', service: '2.5' });
      const { operation_id } = operation;
      const answer = await harness.api.accept('updateCashback', operation);
      assertSame('operation_id', answer.operation_id, operation_id);
      assertThat(
        answer.version > 0,
        `expected a cashback version above 0 after the acceptance, got ${answer.version}`,
      );
      const { cashback: seen } = await harness.retrieve(invoice);
      assertSame('the newest operation', seen.operations[0]?.operation_id, operation_id);
      const cashback = await harness.untilEnded(invoice);
      assertReached(cashback, { user: '10', service: '2.5' });
      assertThat(
        cashback.version >= answer.version,
        `expected a version of at least ${answer.version} at the end, got ${cashback.version}`,
      );
      return `answered ${answer.status}, ended as ${cashback.status}`;
    },
  },
  {
    id: 'T19',
    title: 'after success, rewarded is the target: up, down, from one source to the other, and to 0',
    async check(harness) {
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
      const invoice = await harness.createInvoice();
      for (const target of targets) await harness.reach(invoice, target);
      return `${targets.length} targets, the last one 0`;
    },
  },
  {
    id: 'T20',
    title: 'an ended operation stays ended: the version read with its end is valid for the next operation',
    async check(harness) {
      const invoice = await harness.createInvoice();
      for (let round = 1; round <= ROUNDS; round++) {
        const { cashback } = await harness.reach(invoice, { user: `${round}`, service: `${ROUNDS - round}` });
        const { cashback: later } = await harness.retrieve(invoice);
        assertSame('the cashback, read again', later, cashback);
      }
      return `${ROUNDS} operations, each sent at once after the end of the one before`;
    },
  },
  {
    id: 'T21',
    title: "the status is the newest operation's, and the newest 20 operations are listed, newest first",
    async check(harness) {
      const invoice = await harness.createInvoice();
      const ids: string[] = [];
      for (let count = 0; count < SHOWN_OPERATIONS + 2; count++) {
        const { operation, cashback } = await harness.reach(
          invoice,
          count % 5 === 0 ? { user: `${count}` } : {},
        );
        ids.unshift(operation.operation_id);
        assertSame('the status', cashback.status, cashback.operations[0]?.status);
      }
      const { cashback } = await harness.retrieve(invoice);
      assertSame(
        'operations',
        cashback.operations.map(({ operation_id }) => operation_id),
        ids.slice(0, SHOWN_OPERATIONS),
      );
      assertThat(cashback.operations.every(hasEnded), 'expected every operation to have ended');
      return `${ids.length} operations, ${cashback.operations.length} listed`;
    },
  },
  {
    id: 'T22',
    title: 'money and cashback have separate versions',
    async check(harness) {
      const invoice = await harness.createInvoice();
      const { cashback } = await harness.reach(invoice, { user: '10' });
      const { invoice_id } = invoice;
      const update = { invoice_id, version: 1, status: 'cleared', payments: paid('50') };
      const updated = await harness.api.accept('update', update);
      assertSame('version after an operation and an update', updated.version, 2);
      assertSame('the cashback after an update', updated.cashback, cashback);
      await harness.reach(invoice, { user: '5' });
      assertSame('version after another operation', (await harness.retrieve(invoice)).version, 2);
      return 'neither moves the other';
    },
  },
];
