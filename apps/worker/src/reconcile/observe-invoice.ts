import type { ChargeOrder } from '@cashback/cashback-db';
import { parseAmounts } from '@cashback/contract';
import { invoice } from '@cashback/wire';
import * as z from 'zod';
import type { ObservedCashback } from '@cashback/core';
import { HttpCallError, describeIssues } from '@cashback/service';
import type { WorkerContext } from '../context.ts';
import { refusalOfOrder } from '../upstream/refusal-of-order.ts';
import { wasSent } from '../upstream/was-sent.ts';

/**
 * What asking for an order's invoice gave:
 * - `observed`: the cashback it carries;
 * - `unreachable`: nothing about this order, so it is asked for again later; `sent`: the question left, at least;
 * - `nonsense`: an answer that asking again cannot make right.
 */
export type Observation =
  | { outcome: 'observed'; cashback: ObservedCashback }
  | { outcome: 'unreachable'; error: HttpCallError; sent: boolean }
  | { outcome: 'nonsense'; reason: string };

/** By this an answer is one about an invoice at all; what is not may have come from a proxy, and passes. */
const anyInvoice = z.looseObject({ invoice_id: z.string() });

/** What the charge of an order needs of it; the rest is not even read, so that it cannot be in the way. */
const chargedInvoice = invoice.pick({
  invoice_id: true,
  user_id: true,
  wallet_id: true,
  currency: true,
  cashback: true,
});
type ChargedInvoice = z.infer<typeof chargedInvoice>;

/** `POST /v2/invoice/retrieve`: the invoice of an order has the order's id. */
export async function observeInvoice(
  { transactions, givingUp: signal }: Pick<WorkerContext, 'transactions' | 'givingUp'>,
  order: ChargeOrder,
): Promise<Observation> {
  try {
    const body = { invoice_id: order.order_id };
    return read(order, await transactions.post('/v2/invoice/retrieve', body, anyInvoice, { signal }));
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    const refusal = refusalOfOrder(error);
    if (refusal === null) return { outcome: 'unreachable', error, sent: wasSent(error) };
    return { outcome: 'nonsense', reason: `${refusal.code}: ${refusal.message}` };
  }
}

function read(order: ChargeOrder, answer: z.infer<typeof anyInvoice>): Observation {
  if (answer.invoice_id !== order.order_id) {
    const reason = `asked for invoice ${order.order_id}, transactions answered with invoice ${answer.invoice_id}`;
    return { outcome: 'nonsense', reason };
  }
  const parsed = chargedInvoice.safeParse(answer);
  if (!parsed.success) {
    const issues = describeIssues(parsed.error, answer).map(({ message }) => message);
    return { outcome: 'nonsense', reason: `the invoice cannot be read: ${issues.join('; ')}` };
  }
  const reason = contradiction(order, parsed.data);
  if (reason !== null) return { outcome: 'nonsense', reason };
  return { outcome: 'observed', cashback: toObserved(parsed.data.cashback) };
}

/** Money must not move on an invoice that is another's, nor be left alone on one that does not know what it says. */
function contradiction(order: ChargeOrder, found: ChargedInvoice): string | null {
  for (const field of ['user_id', 'wallet_id', 'currency'] as const) {
    if (found[field] !== order[field]) {
      return `the invoice has ${field} ${found[field]}, the order was registered with ${order[field]}`;
    }
  }
  const { status, operations } = found.cashback;
  const [newest] = operations;
  if (newest === undefined || newest.status === status) return null;
  return `the invoice says ${status}, its newest operation ${newest.operation_id} says ${newest.status}`;
}

function toObserved({ version, status, rewarded, operations }: ChargedInvoice['cashback']): ObservedCashback {
  return {
    version,
    status,
    rewarded: parseAmounts(rewarded),
    operations: operations.map(({ operation_id, status: ofOperation, reward, reason }) => ({
      operation_id,
      status: ofOperation,
      reward: parseAmounts(reward),
      ...(reason !== undefined && { reason }),
    })),
  };
}
