import { CashbackClientError } from '@cashback/client';
import type { Outcome } from '../record/decide-next-attempt.ts';
import { formatAmount } from '@cashback/contract';
import { askService } from './ask-service.ts';
import { type Inputs, chooseInputs, withServiceAnswer } from './choose-inputs.ts';
import { readInvoice } from './read-invoice.ts';
import type { Upstreams } from './upstreams.ts';

/** Either the inputs of a calculation, or an outcome without any. */
export type Gathered = { inputs: Inputs } | { outcome: Outcome };

/**
 * Gathers what is known of an order. The revision is read first: a newer registration meanwhile makes it a conflict
 * to register the result of these inputs.
 *
 *   server: order (revision, target) -> transactions: invoice  -> [the service's own URL] -> inputs
 *                                       server: rates
 */
export async function gatherInputs(
  orderId: string,
  upstreams: Upstreams,
  signal: AbortSignal,
): Promise<Gathered> {
  const { server, transactions, services, log } = upstreams;
  const stored = await orNull('ORDER_NOT_FOUND', server.order({ order_id: orderId }));
  const [read, rates] = await Promise.all([
    readInvoice(transactions, orderId, signal),
    orNull('RATES_NOT_FOUND', server.rates.get({ order_id: orderId })),
  ]);
  // Bounded: an operator of transactions may correct the answer, or may not.
  if ('unreadable' in read) return { outcome: { outcome: 'waiting', reason: shorten(read.unreadable) } };
  const { invoice } = read;
  const service = services.find(invoice.service);
  const chosen = chooseInputs({ invoice, stored, rates, service });
  if ('outcome' in chosen) return chosen;
  const url = service?.url ?? null;
  if (chosen.question === null || url === null) return { inputs: chosen.inputs };
  const answer = await askService(url, chosen.question, signal);
  const inputs = withServiceAnswer(chosen.inputs, answer, stored);
  if (!answer.answered) {
    const kept = formatAmount(inputs.service_cashback?.value ?? 0n);
    const line = { order_id: orderId, reason: answer.reason, kept };
    log.debug(line, 'service did not answer, its value is kept');
  }
  return { inputs };
}

const MAX_REASON = 500;

/** A reason may quote what an upstream sent; a row keeps the beginning. */
function shorten(reason: string): string {
  return reason.length <= MAX_REASON ? reason : `${reason.slice(0, MAX_REASON - 3)}...`;
}

async function orNull<T>(code: string, answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CashbackClientError && error.code === code) return null;
    throw error;
  }
}
