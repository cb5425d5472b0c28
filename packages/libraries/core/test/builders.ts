import { type Calculation, type CalculationInput, calculateCashback } from '../src/calculate.ts';
import type { ServiceConfig } from '../src/service-config.ts';

/** A cleared invoice of one ride, 100.0000 by card, except for the given fields. */
export function invoiceOf(given: Partial<CalculationInput['invoice']> = {}): CalculationInput['invoice'] {
  return {
    invoice_id: 'order-1',
    version: 1,
    status: 'cleared',
    payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '100.0000' }] }],
    ...given,
  };
}

/** A service that follows the order's rates, rounds to hundredths and has no effective cap, except for the given fields. */
export function configOf(given: Partial<ServiceConfig> = {}): ServiceConfig {
  return {
    earning_payment_types: ['card'],
    excluded_items: ['tip'],
    rounding: 'half_up',
    rounding_step: 100n,
    max_share: 1_000_000n,
    service_cashback: 'rate',
    ...given,
  };
}

/** The calculation of a complete input. */
export function calculated(input: CalculationInput): Extract<Calculation, { outcome: 'calculated' }> {
  const calculation = calculateCashback(input);
  if (calculation.outcome !== 'calculated')
    throw new Error(`expected calculated, got ${calculation.outcome}`);
  return calculation;
}
