import {
  type Amount,
  type AmountsBySource,
  RATE_ONE,
  SOURCES,
  type Source,
  parseAmount,
  sumAmounts,
} from '@cashback/contract';
import type { CalculationInput, ServiceConfig, SourceRate } from '@cashback/core';

/** What an order should carry for a version of its invoice, and what was captured of it. */
export interface ExpectedTarget {
  cleared_sum: Amount;
  target: AmountsBySource;
}

interface Fraction {
  over: bigint;
  under: bigint;
}

/**
 * The rules of the calculation, written a second time: every value is an exact fraction of the service's rounding step.
 * It takes types of the product and no code of its calculation, so that a mistake there is a difference here. Null for
 * a cleared invoice without rates. `askShop` answers for the service's URL, by the earning base.
 */
export function expectedTarget(
  { invoice, rates, config }: Pick<CalculationInput, 'invoice' | 'rates' | 'config'>,
  askShop: (base: Amount) => Amount,
): ExpectedTarget | null {
  if (invoice.status !== 'cleared') return { cleared_sum: 0n, target: inAmounts([0n, 0n], 1n) };
  if (rates === null) return null;
  let cleared_sum = 0n;
  let base = 0n;
  for (const { payment_type, items } of invoice.payments) {
    for (const { item_id, amount } of items) {
      cleared_sum += parseAmount(amount);
      if (!config.earning_payment_types.includes(payment_type)) continue;
      if (!config.excluded_items.includes(item_id)) base += parseAmount(amount);
    }
  }
  const { rounding_step: step } = config;
  const alone = SOURCES.map((source) => stepsOfSource(source, base, rates, config, askShop));
  const most = (base * config.max_share) / (RATE_ONE * step);
  const steps = sumAmounts(alone) > most ? shareOut(most, alone) : alone;
  return { cleared_sum, target: inAmounts(steps, step) };
}

function stepsOfSource(
  source: Source,
  base: Amount,
  rates: readonly SourceRate[],
  config: ServiceConfig,
  askShop: (base: Amount) => Amount,
): bigint {
  const { rounding_step: step, service_cashback } = config;
  const frozen = rates.find((rate) => rate.source === source);
  const exact =
    source === 'service' && service_cashback === 'url'
      ? { over: askShop(base), under: step }
      : { over: base * (frozen?.rate ?? 0n), under: RATE_ONE * step };
  const rounded = round(exact, config.rounding);
  if (frozen?.max_value === undefined) return rounded;
  const most = frozen.max_value / step;
  return rounded > most ? most : rounded;
}

/** The nearest whole number is the floor of a half more. A tie is where nothing is left over. */
function round({ over, under }: Fraction, rounding: ServiceConfig['rounding']): bigint {
  if (rounding === 'down') return over / under;
  const aHalfMore = { over: 2n * over + under, under: 2n * under };
  const nearest = aHalfMore.over / aHalfMore.under;
  const isTie = aHalfMore.over % aHalfMore.under === 0n;
  return rounding === 'half_even' && isTie && nearest % 2n === 1n ? nearest - 1n : nearest;
}

/** In proportion to the weights: each step that is left goes to the first that lacks the most. */
function shareOut(whole: bigint, weights: readonly bigint[]): bigint[] {
  const total = sumAmounts(weights);
  const parts = weights.map((weight) => (whole * weight) / total);
  for (let left = whole - sumAmounts(parts); left > 0n; left -= 1n) {
    let poorest = 0;
    const lacks = (index: number): bigint => whole * (weights[index] ?? 0n) - (parts[index] ?? 0n) * total;
    for (const index of weights.keys()) if (lacks(index) > lacks(poorest)) poorest = index;
    parts[poorest] = (parts[poorest] ?? 0n) + 1n;
  }
  return parts;
}

function inAmounts(steps: readonly bigint[], step: Amount): AmountsBySource {
  return Object.fromEntries(SOURCES.map((source, index) => [source, (steps[index] ?? 0n) * step]));
}
