import { type Invoice, invoice as invoiceShape } from '@cashback/wire';
import { describeIssues } from '@cashback/service';

/** The invoice of an order, or why the answer is unusable. */
export type ReadInvoice = { invoice: Invoice } | { unreadable: string };

/** What an answer to `POST /v2/invoice/retrieve` says about the order: its invoice has the order's id. */
export function readInvoice(orderId: string, answer: Record<string, unknown>): ReadInvoice {
  const parsed = invoiceShape.safeParse(answer);
  if (!parsed.success) {
    const issues = describeIssues(parsed.error, answer).map(({ message }) => message);
    return { unreadable: `transactions answers with no invoice that can be read: ${issues.join('; ')}` };
  }
  const { invoice_id } = parsed.data;
  if (invoice_id !== orderId) {
    return { unreadable: `asked for invoice ${orderId}, transactions answers with invoice ${invoice_id}` };
  }
  return { invoice: parsed.data };
}
