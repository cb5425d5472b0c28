import type { Amount } from '@cashback/contract/amount';
import { RATE_ONE, type Rate } from '@cashback/contract/rate';
import type { Source } from '@cashback/contract/source';
import { roundToStep } from './rounding.ts';
import type { ServiceConfig } from './service-config.ts';

/** The share of a base that one source gives back, and the most it gives for the order. */
export interface SourceRate {
  source: Source;
  rate: Rate;
  max_value?: Amount;
}

/** The answer of a service's own URL; `kept`: no answer, so the stored value stays. */
export interface ServiceCashback {
  origin: 'url' | 'kept';
  value: Amount;
}

/** The value of one source alone, before `max_share` caps all sources together. */
export interface SourceValue {
  source: Source;
  origin: 'rate' | 'url' | 'kept';
  /** Null for a source without a rate: it gives nothing unless its URL says otherwise. */
  rate: Rate | null;
  /** Before rounding, at scale 10: an exact product of amount and rate. */
  exact: bigint;
  /** `exact` by the service's rounding rule, before caps. */
  rounded: Amount;
  max_value: Amount | null;
  value: Amount;
}

/**
 * Base times rate, or the answer of the service's URL, rounded by the service's rule and then capped by `max_value`. A
 * `max_value` that is not a multiple of the step is rounded down to one: rounding never exceeds a cap.
 */
export function valueOfSource(
  source: Source,
  base: Amount,
  rates: readonly SourceRate[],
  config: ServiceConfig,
  serviceCashback: ServiceCashback | null,
): SourceValue {
  const frozen = rates.find((candidate) => candidate.source === source);
  const rate = frozen?.rate ?? null;
  const max_value = frozen?.max_value ?? null;
  const { origin, exact } =
    source === 'service' && config.service_cashback === 'url'
      ? exactOfService(serviceCashback)
      : { origin: 'rate' as const, exact: base * (rate ?? 0n) };

  const step = config.rounding_step;
  const rounded = roundToStep(exact, step * RATE_ONE, config.rounding) / RATE_ONE;
  const ceiling = max_value === null ? rounded : roundToStep(max_value, step, 'down');
  return { source, origin, rate, exact, rounded, max_value, value: rounded < ceiling ? rounded : ceiling };
}

function exactOfService(answer: ServiceCashback | null): { origin: 'url' | 'kept'; exact: bigint } {
  if (answer === null) {
    throw new TypeError(
      'expected the answer of the service\'s URL, got none: without an answer pass the stored value as "kept"',
    );
  }
  return { origin: answer.origin, exact: answer.value * RATE_ONE };
}
