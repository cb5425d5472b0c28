import type { ChargeOrder } from '@cashback/cashback-db';
import { invoice, vectorOfAmounts } from '@cashback/contract';
import type * as z from 'zod';
import type { ObservedCashback } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import type { HttpClient } from '@cashback/service';
import { refusalOfOrder } from './refusal-of-order.ts';

/**
 * What asking for an order's invoice gave:
 * - `observed`: the cashback it carries;
 * - `unreachable`: nothing about this order, so it is asked for again later;
 * - `nonsense`: an answer that asking again cannot make right.
 */
export type Observation =
  | { outcome: 'observed'; cashback: ObservedCashback }
  | { outcome: 'unreachable'; error: HttpCallError }
  | { outcome: 'nonsense'; reason: string };

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
  transactions: HttpClient,
  order: ChargeOrder,
  signal: AbortSignal,
): Promise<Observation> {
  try {
    const body = { invoice_id: order.order_id };
    const found = await transactions.post('/v2/invoice/retrieve', body, chargedInvoice, { signal });
    const reason = contradiction(order, found);
    if (reason !== null) return { outcome: 'nonsense', reason };
    return { outcome: 'observed', cashback: toObserved(found.cashback) };
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    const refusal = refusalOfOrder(error);
    if (refusal === null) return { outcome: 'unreachable', error };
    return { outcome: 'nonsense', reason: `${refusal.code}: ${refusal.message}` };
  }
}

/** Money must not move on an invoice that is another's. */
function contradiction(order: ChargeOrder, found: ChargedInvoice): string | null {
  if (found.invoice_id !== order.order_id) {
    return `asked for invoice ${order.order_id}, transactions answered with invoice ${found.invoice_id}`;
  }
  for (const field of ['user_id', 'wallet_id', 'currency'] as const) {
    if (found[field] !== order[field]) {
      return `the invoice has ${field} ${found[field]}, the order was registered with ${order[field]}`;
    }
  }
  return null;
}

function toObserved({ version, status, rewarded, operations }: ChargedInvoice['cashback']): ObservedCashback {
  return {
    version,
    status,
    rewarded: vectorOfAmounts(rewarded),
    operations: operations.map(({ operation_id, status: ofOperation, reward, reason }) => ({
      operation_id,
      status: ofOperation,
      reward: vectorOfAmounts(reward),
      ...(reason !== undefined && { reason }),
    })),
  };
}
