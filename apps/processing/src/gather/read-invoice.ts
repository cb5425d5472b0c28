import { type Invoice, invoice as invoiceShape } from '@cashback/wire';
import { type HttpClient, describeIssues } from '@cashback/service';
import * as z from 'zod';

/** The invoice of an order, or why the answer is unusable. */
export type ReadInvoice = { invoice: Invoice } | { unreadable: string };

/** A JSON object is an answer about this order; a page of a proxy is not, and says nothing about the order. */
const anyAnswer = z.record(z.string(), z.unknown());

/** `POST /v2/invoice/retrieve`: the invoice of an order has the order's id. */
export async function readInvoice(
  transactions: HttpClient,
  orderId: string,
  signal: AbortSignal,
): Promise<ReadInvoice> {
  const body = { invoice_id: orderId };
  const answer = await transactions.post('/v2/invoice/retrieve', body, anyAnswer, { signal });
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
