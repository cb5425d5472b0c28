import type { CashbackServicesConfig } from '@cashback/wire';
import { type Amount, parseAmount } from '@cashback/contract/amount';
import { type Rate, parseRate } from '@cashback/contract/rate';
import type { Rounding } from './rounding.ts';

/** How one service gives cashback: its entry of `CASHBACK_SERVICES`. */
export interface ServiceConfig {
  /** Payment types that earn cashback; all others earn nothing. */
  earning_payment_types: readonly string[];
  /** Items that earn nothing, whichever payment they are in. */
  excluded_items: readonly string[];
  rounding: Rounding;
  /** Every amount is a multiple of it, e.g. `100n` for "0.01". Above zero. */
  rounding_step: Amount;
  /** All sources together never give more than this share of the base. */
  max_share: Rate;
  /**
   * `rate`: the source `service` follows the order's rates, like `user`. `url`: the service's own URL answers how much
   * it gives, still capped by its rate's `max_value` and by `max_share`.
   */
  service_cashback: 'rate' | 'url';
}

/** The config of one entry of `CASHBACK_SERVICES`. Its URL, token and timeout are the caller's concern. */
export function serviceConfigOf(entry: CashbackServicesConfig[string]): ServiceConfig {
  return {
    earning_payment_types: entry.earning_payment_types,
    excluded_items: entry.excluded_items,
    rounding: entry.rounding,
    rounding_step: parseAmount(entry.rounding_step),
    max_share: parseRate(entry.max_share),
    service_cashback: entry.url === undefined ? 'rate' : 'url',
  };
}
