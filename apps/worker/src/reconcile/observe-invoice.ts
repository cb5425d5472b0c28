import type { ChargeOrder } from '@cashback/cashback-db';
import { type AttentionCode, parseAmounts } from '@cashback/contract';
import type { ObservedCashback } from '@cashback/core';
import { type HttpCallError, describeIssues } from '@cashback/service';
import { invoice } from '@cashback/wire';
import type * as z from 'zod';
import type { InvoiceAnswer, RetrieveAnswer } from '../upstream/read-answers.ts';

/**
 * What one attempt to observe an order's invoice gave:
 * - `observed`: the cashback that it carries;
 * - `unreachable`: nothing about this order, so it is observed again later. `sent`: at least the request left;
 * - `unusable`: an answer that decides nothing. Another attempt may get a better one, from a replica that has caught up.
 */
export type Observation =
  | { outcome: 'observed'; cashback: ObservedCashback }
  | { outcome: 'unreachable'; error: HttpCallError; sent: boolean }
  | { outcome: 'unusable'; code: AttentionCode; reason: string; details: Record<string, unknown> };

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
    ? unusable(refusalCode(failure.code), `${failure.code}: ${failure.message}`, failure.details)
    : { outcome: 'unreachable', error, sent: failure.kind !== 'not_sent' };
}

/** A failure of this order alone says as much about it as an answer that cannot be read. */
export function withoutAnswer({ error }: Extract<Observation, { outcome: 'unreachable' }>): Observation {
  const { code, message } = error;
  const reason = `the invoice cannot be retrieved, while those of other orders can: ${message}`;
  return unusable('attempts_failed', reason, { failure: code });
}

function readInvoice(order: ChargeOrder, answer: InvoiceAnswer): Observation {
  if (answer.invoice_id !== order.order_id) {
    const reason = `asked for invoice ${order.order_id}, transactions answered with invoice ${answer.invoice_id}`;
    return unusable('observation_unreadable', reason, { invoice_id: answer.invoice_id });
  }
  const parsed = chargedInvoice.safeParse(answer);
  if (!parsed.success) {
    const issues = describeIssues(parsed.error, answer).map(({ message }) => message);
    return unusable('observation_unreadable', `the invoice cannot be read: ${issues.join('; ')}`, { issues });
  }
  const observed: Observation = { outcome: 'observed', cashback: toObserved(parsed.data) };
  return contradiction(order, parsed.data) ?? observed;
}

function unusable(
  code: AttentionCode,
  reason: string,
  details: Record<string, unknown>,
): Observation & { outcome: 'unusable' } {
  return { outcome: 'unusable', code, reason, details };
}

function refusalCode(refusal: string): AttentionCode {
  return refusal === 'INVOICE_NOT_FOUND' ? 'observation_missing' : 'observation_unreadable';
}

/** No money moves on another payee's invoice, nor on one that contradicts itself. */
function contradiction(order: ChargeOrder, found: ChargedInvoice): Observation | null {
  for (const field of ['user_id', 'wallet_id', 'currency'] as const) {
    if (found[field] !== order[field]) {
      const reason = `the invoice has ${field} ${found[field]}, the order was registered with ${order[field]}`;
      return unusable('payee_differs', reason, { field, expected: order[field], received: found[field] });
    }
  }
  const { status, operations } = found.cashback;
  const [newest] = operations;
  if (newest === undefined || newest.status === status) return null;
  const { operation_id } = newest;
  const reason = `the invoice says ${status}, its newest operation ${operation_id} says ${newest.status}`;
  return unusable('status_contradicts', reason, { status, operation_id, operation_status: newest.status });
}

function toObserved({ invoice_epoch, cashback }: ChargedInvoice): ObservedCashback {
  const { version, status, rewarded, owed, elsewhere, history, operations } = cashback;
  return {
    epoch: invoice_epoch ?? null,
    version,
    status,
    rewarded: parseAmounts(rewarded),
    ...(owed !== undefined && { owed: parseAmounts(owed) }),
    ...(elsewhere !== undefined && { elsewhere: parseAmounts(elsewhere) }),
    ...(history !== undefined && { history }),
    operations: operations.map(({ operation_id, status: ofOperation, reward, reason }) => ({
      operation_id,
      status: ofOperation,
      reward: parseAmounts(reward),
      ...(reason !== undefined && { reason }),
    })),
  };
}
