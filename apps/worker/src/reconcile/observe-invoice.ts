import type { ChargeOrder, NewOperation } from '@cashback/cashback-db';
import { parseAmounts } from '@cashback/contract';
import type { ObservedCashback } from '@cashback/core';
import { type HttpCallError, describeIssues } from '@cashback/service';
import { invoice } from '@cashback/wire';
import type * as z from 'zod';
import type { InvoiceAnswer, RetrieveAnswer } from '../upstream/read-answers.ts';

/**
 * What one attempt to observe an order's invoice gave:
 * - `observed`: the cashback that it carries;
 * - `unreachable`: nothing about this order, so it is observed again later. `sent`: at least the request left;
 * - `unusable`: an answer that another attempt cannot make right.
 */
export type Observation =
  | { outcome: 'observed'; cashback: ObservedCashback }
  | { outcome: 'unreachable'; error: HttpCallError; sent: boolean }
  | { outcome: 'unusable'; reason: string };

/** The part of an invoice that a step needs. The rest is not parsed, so it cannot make an answer unusable. */
const chargedInvoice = invoice.pick({
  invoice_id: true,
  user_id: true,
  wallet_id: true,
  currency: true,
  invoice_epoch: true,
  cashback: true,
});
type ChargedInvoice = z.infer<typeof chargedInvoice>;

/** What an answer to `/v2/invoice/retrieve` says about the order. */
export function observationOf(order: ChargeOrder, answer: RetrieveAnswer): Observation {
  if (answer.kind === 'answered') return readInvoice(order, answer.invoice);
  const { failure, error } = answer;
  return failure.kind === 'refused'
    ? { outcome: 'unusable', reason: `${failure.code}: ${failure.message}` }
    : { outcome: 'unreachable', error, sent: failure.kind !== 'not_sent' };
}

/** False only when the invoice is known not to list the operation. */
export function mayBeListed({ operation_id }: NewOperation, observation: Observation): boolean {
  if (observation.outcome !== 'observed') return true;
  return observation.cashback.operations.some((listed) => listed.operation_id === operation_id);
}

function readInvoice(order: ChargeOrder, answer: InvoiceAnswer): Observation {
  if (answer.invoice_id !== order.order_id) {
    const reason = `asked for invoice ${order.order_id}, transactions answered with invoice ${answer.invoice_id}`;
    return { outcome: 'unusable', reason };
  }
  const parsed = chargedInvoice.safeParse(answer);
  if (!parsed.success) {
    const issues = describeIssues(parsed.error, answer).map(({ message }) => message);
    return { outcome: 'unusable', reason: `the invoice cannot be read: ${issues.join('; ')}` };
  }
  const reason = contradiction(order, parsed.data);
  if (reason !== null) return { outcome: 'unusable', reason };
  return { outcome: 'observed', cashback: toObserved(parsed.data) };
}

/** No money moves on another payee's invoice, nor on one that contradicts itself. */
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

function toObserved({ invoice_epoch, cashback }: ChargedInvoice): ObservedCashback {
  const { version, status, rewarded, operations } = cashback;
  return {
    epoch: invoice_epoch ?? null,
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
