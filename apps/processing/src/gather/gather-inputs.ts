import { CashbackClientError } from '@cashback/client';
import {
  type Amount,
  type OrderOutput,
  type OrderRates,
  amountOf,
  formatAmount,
  parseAmount,
  parseRate,
  parseValues,
} from '@cashback/contract';
import type { Invoice } from '@cashback/wire';
import { type CalculationInput, type ServiceCashback, clearedSums } from '@cashback/core';
import { askService } from './ask-service.ts';
import type { Outcome } from '../record/decide-next-attempt.ts';
import { readInvoice } from './read-invoice.ts';
import type { Service } from '../services/open-services.ts';
import type { Upstreams } from '../upstreams.ts';

/** Everything a calculation needs, and the revision that what comes of it may replace. */
export interface Inputs extends Omit<CalculationInput, 'invoice'> {
  invoice: Invoice;
  expected_revision: number;
}

/** Either the inputs, or what is to be said of the order without any calculation. */
export type Gathered = { inputs: Inputs } | { outcome: Outcome };

export const RATES_MISSING: Outcome = { outcome: 'waiting', reason: 'the order has no rates' };

/**
 * Collects what is known of an order. The revision is read before all else: whoever registers something newer
 * meanwhile makes it a conflict to register what comes of these inputs.
 */
export async function gatherInputs(
  orderId: string,
  upstreams: Upstreams,
  signal: AbortSignal,
): Promise<Gathered> {
  const { server, transactions, services } = upstreams;
  const stored = await orNull('ORDER_NOT_FOUND', server.order({ order_id: orderId }));
  const [read, orderRates] = await Promise.all([
    readInvoice(transactions, orderId, signal),
    orNull('RATES_NOT_FOUND', server.rates.get({ order_id: orderId })),
  ]);
  // Waited for within a bound: whoever keeps the invoices may be put right, or may not.
  if ('unreadable' in read) return { outcome: { outcome: 'waiting', reason: shorten(read.unreadable) } };
  const { invoice } = read;
  // Nothing of a held invoice is captured yet, so there is no clear to register.
  if (invoice.status === 'held') {
    return { outcome: { outcome: 'processed', invoice_version: invoice.version, asks_again: false } };
  }
  const service = services.find(invoice.service);
  if (service === undefined) {
    return attention(`the service ${invoice.service} is not in CASHBACK_SERVICES`);
  }
  if (orderRates !== null && orderRates.service !== invoice.service) {
    return attention(`the rates are of the service ${orderRates.service}, the invoice of ${invoice.service}`);
  }
  const isCleared = invoice.status === 'cleared';
  if (isCleared && orderRates === null) return { outcome: RATES_MISSING };
  return {
    inputs: {
      invoice,
      expected_revision: stored?.revision ?? 0,
      rates: orderRates === null ? null : readRates(orderRates),
      config: service.config,
      config_hash: service.config_hash,
      service_cashback: isCleared
        ? await serviceCashback(service, invoice, storedServiceValue(stored), upstreams, signal)
        : null,
    },
  };
}

/** What the service's URL says; the stored value while it does not answer. Null when the rates decide. */
async function serviceCashback(
  service: Service,
  invoice: Invoice,
  storedValue: Amount,
  { log }: Upstreams,
  signal: AbortSignal,
): Promise<ServiceCashback | null> {
  if (service.url === null) return null;
  const { cleared_sum, base } = clearedSums(invoice, service.config);
  const question = {
    order_id: invoice.invoice_id,
    service: invoice.service,
    user_id: invoice.user_id,
    currency: invoice.currency,
    invoice_version: invoice.version,
    cleared_sum: formatAmount(cleared_sum),
    base: formatAmount(base),
  };
  const answer = await askService(service.url, question, signal);
  if (answer.answered) return { origin: 'url', value: answer.value };
  const kept = formatAmount(storedValue);
  log.debug(
    { order_id: invoice.invoice_id, reason: answer.reason, kept },
    'service did not answer, its value is kept',
  );
  return { origin: 'kept', value: storedValue };
}

function storedServiceValue(stored: OrderOutput | null): Amount {
  return amountOf(parseValues(stored?.target ?? []), 'service');
}

function readRates({ rates }: OrderRates): CalculationInput['rates'] {
  return rates.map(({ source, rate, max_value }) => ({
    source,
    rate: parseRate(rate),
    ...(max_value !== undefined && { max_value: parseAmount(max_value) }),
  }));
}

const MAX_REASON = 500;

/** A reason may quote what an upstream sent; a row keeps the beginning. */
function shorten(reason: string): string {
  return reason.length <= MAX_REASON ? reason : `${reason.slice(0, MAX_REASON - 3)}...`;
}

function attention(reason: string): Gathered {
  return { outcome: { outcome: 'attention', reason } };
}

async function orNull<T>(code: string, answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CashbackClientError && error.code === code) return null;
    throw error;
  }
}
