import type { Guarantee } from '../guarantee.ts';
import { assertReached } from '../harness.ts';
import { NotShown, assertSame } from '../verdict.ts';

/** What callers state after a restore, where the payment system has no list of its baskets. */
export const history: readonly Guarantee[] = [
  {
    id: 'T45',
    title: "while an invoice's history is known, nothing that a caller states of it changes anything",
    async check(harness) {
      const invoice = await harness.createInvoice();
      const { invoice_epoch = 1, cashback: before } = await harness.retrieve(invoice);
      if (before.history !== undefined) throw new NotShown('the history of a new invoice is unknown');
      const stating = (state: 'repeated' | 'complete') => ({ history: { invoice_epoch, state } });
      const first = harness.newOperation(invoice, 0, { user: '5' });
      const { status } = await harness.api.call('updateCashback', { ...first, ...stating('complete') });
      if (status === 400) throw new NotShown('calls with a history are refused; it is optional');
      await harness.api.accept('updateCashback', first);
      const ended = await harness.untilEnded(invoice);
      assertReached(ended, { user: '5' });
      assertSame('the operations', ended.operations.length, 1);
      const repeat = await harness.api.accept('updateCashback', { ...first, ...stating('repeated') });
      assertSame('the version after a repeat', repeat.version, ended.version);
      const late = harness.newOperation(invoice, 0, { user: '9' }, stating('repeated'));
      await harness.api.refuse('updateCashback', late, 409, 'VERSION_MISMATCH');
      const { cashback } = await harness.retrieve(invoice);
      assertSame('the cashback', cashback, ended);
      return 'stated with a new operation, a repeat, and one of an earlier version';
    },
  },
];
