import type { CallbackListener } from '../callback-listener.ts';
import type { Guarantee } from '../guarantee.ts';
import { type Harness, hasEnded, paid } from '../harness.ts';
import { Broken, NotShown, assertSame } from '../verdict.ts';

export const callbacks: readonly Guarantee[] = [
  {
    id: 'T32',
    title: 'a signed callback announces each version of an invoice',
    async check(harness) {
      const listener = listenerOf(harness);
      const { invoice_id, service } = await harness.createInvoice();
      await harness.api.accept('update', { invoice_id, version: 1, status: 'cleared', payments: paid('5') });
      const found = await untilCalled(harness, listener, () => {
        const received = listener.invoices(invoice_id);
        const versions = new Set(received.map(({ body }) => body.version));
        return versions.has(1) && versions.has(2) ? received : undefined;
      });
      for (const { body } of found) {
        const { invoice_epoch: _, ...hint } = body;
        assertSame('the callback', hint, { invoice_id, version: body.version, service });
      }
      return `${found.length} callbacks for 2 versions`;
    },
  },
  {
    id: 'T33',
    title: 'a signed callback announces each end of an operation, and never before it',
    async check(harness) {
      const listener = listenerOf(harness);
      const invoice = await harness.createInvoice();
      const operation = harness.newOperation(invoice, 0, { user: '10' });
      const { invoice_id } = invoice;
      const { operation_id } = operation;
      await harness.api.accept('updateCashback', operation);
      const found = await untilCalled(harness, listener, () => listener.operations(operation_id)[0]);
      const { cashback } = await harness.retrieve(invoice);
      if (!hasEnded(cashback))
        throw new Broken(`the callback arrived while the operation was ${cashback.status}`);
      const { invoice_epoch: _, ...hint } = found.body;
      assertSame('the callback', hint, { invoice_id, operation_id, status: cashback.status });
      return cashback.status;
    },
  },
  {
    id: 'T34',
    title: 'a callback that was not accepted is sent again under the same id',
    async check(harness) {
      const listener = listenerOf(harness);
      const invoice = harness.newInvoice();
      const failure = listener.failNext(invoice.invoice_id);
      await harness.api.accept('create', invoice);
      const found = await untilCalled(harness, listener, () => listener.invoices(invoice.invoice_id)[0]);
      assertSame('webhook-id', found.webhook_id, failure.failed());
      return 'sent again after a 500';
    },
  },
];

function listenerOf({ callbacks: listener }: Harness): CallbackListener {
  if (listener !== null) return listener;
  throw new NotShown('needs --callback-port, --invoice-secret and --operation-secret');
}

/** When none arrived, the failure also counts the callbacks with an invalid signature. */
async function untilCalled<Found>(
  harness: Harness,
  listener: CallbackListener,
  find: () => Found | undefined,
): Promise<Found> {
  try {
    return await harness.until('no such callback arrived', async () => find());
  } catch (error) {
    const refused = listener.refused();
    if (!(error instanceof Broken) || refused === 0) throw error;
    throw new Broken(`${error.message}; ${refused} arrived with an invalid signature`);
  }
}
