import {
  type Amount,
  type OrderOutput,
  type OrderRates,
  amountOf,
  formatAmount,
  isSource,
  parseAmount,
  parseRate,
  parseValues,
} from '@cashback/contract';
import { type CalculationInput, type ServiceConfig, clearedSums } from '@cashback/core';
import type { Invoice, ServiceCashbackInput } from '@cashback/wire';
import type { AttentionCause } from '../record/attention-cause.ts';
import type { Outcome } from '../record/decide-next-attempt.ts';

/** What an invoice states, without its cashback. */
export type StatedInvoice = Omit<Invoice, 'cashback' | 'created_at' | 'updated_at'>;

/** Everything a calculation needs, and the revision that its result may replace. */
export interface Inputs extends Omit<CalculationInput, 'invoice'> {
  invoice: StatedInvoice;
  expected_revision: number;
}

/** The settings of an order's service. */
export interface ConfiguredService {
  config: ServiceConfig;
  config_hash: string;
  /** Of the settings that the order began with; null when it begins now. */
  frozen_hash?: string | null;
  /** Of the settings that CASHBACK_SERVICES has; null when the service is not in it. */
  current_hash?: string | null;
}

export type ChosenInputs =
  /** The order needs no calculation, or cannot have one yet. */
  | { outcome: Outcome }
  /** `question`: what to ask the service's own URL first; null when the rates decide. */
  | { inputs: Inputs; question: ServiceCashbackInput | null };

export const RATES_MISSING: Outcome = {
  outcome: 'waiting',
  reason: 'the order has no rates',
  cause: { code: 'rates_missing', details: {} },
};

/** Checks what was gathered about an order. */
export function chooseInputs({
  invoice,
  stored,
  rates,
  service,
}: {
  invoice: StatedInvoice;
  /** Null while the order was never registered. */
  stored: Pick<OrderOutput, 'revision'> | null;
  rates: OrderRates | null;
  service: ConfiguredService | undefined;
}): ChosenInputs {
  // Nothing of a held invoice is captured yet, so there is no clear to register.
  if (invoice.status === 'held') {
    const { invoice_epoch: epoch = 1, version } = invoice;
    const config_hash = service?.config_hash ?? null;
    return { outcome: { outcome: 'processed', invoice: { epoch, version }, config_hash, asks_again: false } };
  }
  if (service === undefined) {
    return attention(`the service ${invoice.service} is not in CASHBACK_SERVICES`, {
      code: 'settings_missing',
      details: { service: invoice.service },
    });
  }
  if (rates !== null && rates.service !== invoice.service) {
    return attention(`the rates are of the service ${rates.service}, the invoice of ${invoice.service}`, {
      code: 'rates_differ',
      details: { rates: rates.service, invoice: invoice.service },
    });
  }
  const unknown = rates?.rates.find(({ source }) => !isSource(source));
  if (unknown !== undefined) {
    return attention(`the rates are of the source ${unknown.source}, which this release does not know`, {
      code: 'unknown_source',
      details: { source: unknown.source },
    });
  }
  const isCleared = invoice.status === 'cleared';
  if (isCleared && rates === null) return { outcome: RATES_MISSING };
  const { config, config_hash } = service;
  const inputs: Inputs = {
    invoice,
    expected_revision: stored?.revision ?? 0,
    rates: rates === null ? null : readRates(rates),
    config,
    config_hash,
    service_cashback: null,
  };
  const asksUrl = isCleared && config.service_cashback === 'url';
  return { inputs, question: asksUrl ? questionOf(invoice, config) : null };
}

/** The URL's answer as an input; without an answer the stored value stays, and the URL is asked again later. */
export function withServiceAnswer(
  inputs: Inputs,
  answer: { answered: true; value: Amount } | { answered: false },
  stored: Pick<OrderOutput, 'target'> | null,
): Inputs {
  return {
    ...inputs,
    service_cashback: answer.answered
      ? { origin: 'url', value: answer.value }
      : { origin: 'kept', value: keptValue(stored) },
  };
}

/** What the service gives while its URL does not answer: what it gave before. */
export function keptValue(stored: Pick<OrderOutput, 'target'> | null): Amount {
  return amountOf(parseValues(stored?.target ?? []), 'service');
}

function questionOf(invoice: StatedInvoice, config: ServiceConfig): ServiceCashbackInput {
  const { cleared_sum, base } = clearedSums(invoice, config);
  return {
    order_id: invoice.invoice_id,
    service: invoice.service,
    user_id: invoice.user_id,
    currency: invoice.currency,
    invoice_version: invoice.version,
    cleared_sum: formatAmount(cleared_sum),
    base: formatAmount(base),
  };
}

function readRates({ rates }: OrderRates): CalculationInput['rates'] {
  return rates.map(({ source, rate, max_value }) => ({
    source,
    rate: parseRate(rate),
    ...(max_value !== undefined && { max_value: parseAmount(max_value) }),
  }));
}

function attention(reason: string, cause: AttentionCause): ChosenInputs {
  return { outcome: { outcome: 'attention', reason, cause } };
}
