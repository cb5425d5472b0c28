import type { Invoice } from '@cashback/wire';
import { type Amount, sumAmounts } from '@cashback/contract/amount';
import { RATE_ONE } from '@cashback/contract/rate';
import { SOURCES, type AmountsBySource } from '@cashback/contract/source';
import { capturedPayments, sumCaptured } from './earning-lines.ts';
import { splitByLargestRemainder } from './largest-remainder.ts';
import { type Receipt, writeReceipt } from './receipt.ts';
import { roundToStep } from './rounding.ts';
import type { ServiceConfig } from './service-config.ts';
import { type ServiceCashback, type SourceRate, type SourceValue, valueOfSource } from './source-value.ts';

export interface CalculationInput {
  invoice: Pick<Invoice, 'invoice_id' | 'version' | 'status' | 'payments'>;
  /** The order's frozen rates; null while there are none. */
  rates: readonly SourceRate[] | null;
  config: ServiceConfig;
  /** Hash of the service's config, for the receipt. */
  config_hash: string;
  /** What the service's URL said of this invoice version; null when `config.service_cashback` is `rate`. */
  service_cashback: ServiceCashback | null;
}

/** `target` has every source, also those that give nothing. */
export type Calculation =
  | { outcome: 'calculated'; cleared_sum: Amount; base: Amount; target: AmountsBySource; receipt: Receipt }
  | { outcome: 'rates_missing' };

/**
 * The cashback that an order should carry for one version of its invoice, by source, and the receipt that lets anyone
 * recompute it. The queue `universal_cashback_processing` calculates it from the invoice and `order_rates`.
 *
 *   captured lines -> base -> each source alone: base x rate, or its URL's answer; rounded; at most `max_value`
 *                          -> all sources: at most `max_share` of the base, split by largest remainder
 *                          -> target and receipt
 *
 * A cleared invoice without rates is `rates_missing`, never zero. A held or cancelled one has captured nothing: every
 * source is zero, and no rates are needed.
 *
 * Throws a `RangeError` for a malformed amount and for captured items above the largest amount, and a `TypeError` when
 * the service's URL decides and neither its answer nor a kept value is given.
 */
export function calculateCashback(input: CalculationInput): Calculation {
  const { invoice, config, config_hash } = input;
  const payments = capturedPayments(invoice, config);
  const { cleared_sum, base } = sumCaptured(payments);
  const captured = invoice.status === 'cleared';
  if (captured && input.rates === null) return { outcome: 'rates_missing' };

  // With nothing captured a service's URL does not decide, and is not called.
  const rules: ServiceConfig = captured ? config : { ...config, service_cashback: 'rate' };
  const alone = SOURCES.map((source) =>
    valueOfSource(source, base, input.rates ?? [], rules, input.service_cashback),
  );
  const limit = totalCap(base, config);
  const values = applyTotalCap(alone, limit, config.rounding_step);
  const sources = alone.map((each, index) => ({ alone: each, value: values[index] ?? 0n }));

  const target: AmountsBySource = Object.fromEntries(
    sources.map(({ alone: { source }, value }) => [source, value]),
  );
  const receipt = writeReceipt({ invoice, config, config_hash, payments, cleared_sum, base, limit, sources });
  return { outcome: 'calculated', cleared_sum, base, target, receipt };
}

/**
 * The captured sum and the part of it that earns: the input of a service's URL. Throws like `calculateCashback` for
 * malformed amounts.
 */
export function clearedSums(
  invoice: Pick<Invoice, 'status' | 'payments'>,
  config: Pick<ServiceConfig, 'earning_payment_types' | 'excluded_items'>,
): { cleared_sum: Amount; base: Amount } {
  return sumCaptured(capturedPayments(invoice, config));
}

/** `max_share` of the base, down to a multiple of the step, whichever rounding the service has. */
function totalCap(base: Amount, { max_share, rounding_step }: ServiceConfig): Amount {
  return roundToStep(base * max_share, rounding_step * RATE_ONE, 'down') / RATE_ONE;
}

/**
 * The sources' own values, or their parts of the limit when all together exceed it. Every part is a multiple of the step
 * and at most the source's own value.
 */
function applyTotalCap(alone: readonly SourceValue[], limit: Amount, step: Amount): Amount[] {
  const values = alone.map(({ value }) => value);
  if (sumAmounts(values) <= limit) return values;
  const inSteps = values.map((value) => value / step);
  return splitByLargestRemainder(limit / step, inSteps).map((part) => part * step);
}
