import type { RegisterOutcome } from '@cashback/contract';
import { backoffMs } from '@cashback/service';
import type { UnfinishedChange } from '../db/queries/changes/lock-changes.ts';

/** How often `register` answered with each outcome while one change was processed. */
export type RegisterAnswers = Record<RegisterOutcome, number>;

/** What came of processing one order's change. */
export type Outcome =
  /** The cashback of this version of the invoice is registered, or it needs none. */
  | { outcome: 'processed'; invoice_version: number; asks_again: boolean }
  /** An input is missing that is expected to come by itself. */
  | { outcome: 'waiting'; reason: string }
  /** Something did not work that has nothing to do with this order. */
  | { outcome: 'failed'; reason: string; retry_after_ms?: number | undefined }
  /** It will not work before a person or a change of the invoice changes something. */
  | { outcome: 'attention'; reason: string };

/** The order's row after it: when it is looked at again, if ever. */
export interface NextStep {
  order_id: string;
  /** What the row had seen when its processing began. */
  seen_version: number;
  /** Null when no version was processed. */
  processed_version: number | null;
  asks_again: boolean;
  failures: number;
  is_waiting: boolean;
  attention: string | null;
  look_after_ms: number;
}

export interface StepLimits {
  retry_base_ms: number;
  retry_max_ms: number;
  /** How long an input may be missing before a person must look. */
  attention_after_ms: number;
}

export function decideNextStep(
  change: UnfinishedChange,
  outcome: Outcome,
  limits: StepLimits,
  random: () => number = Math.random,
): NextStep {
  const { order_id, seen_version } = change;
  const done: NextStep = {
    order_id,
    seen_version,
    processed_version: null,
    asks_again: false,
    failures: 0,
    is_waiting: false,
    attention: null,
    look_after_ms: 0,
  };
  const later = (step: Partial<NextStep>, atLeastMs = 0): NextStep => {
    const failures = change.failures + 1;
    const { retry_base_ms: base_ms, retry_max_ms: max_ms } = limits;
    const backoff = backoffMs(failures, { base_ms, max_ms, random });
    return { ...done, failures, look_after_ms: Math.max(backoff, atLeastMs), ...step };
  };
  const wait = (reason: string, step: Partial<NextStep> = {}): NextStep =>
    (change.waited_ms ?? 0) < limits.attention_after_ms
      ? later({ ...step, is_waiting: true })
      : { ...done, ...step, attention: reason };

  switch (outcome.outcome) {
    case 'processed': {
      const { invoice_version: processed_version, asks_again } = outcome;
      if (processed_version < seen_version) {
        const reason = `version ${seen_version} of the invoice was announced, but transactions shows version ${processed_version}`;
        return wait(reason, { processed_version, asks_again });
      }
      return asks_again ? later({ processed_version, asks_again }) : { ...done, processed_version };
    }
    case 'waiting':
      return wait(outcome.reason);
    case 'failed':
      return later({}, outcome.retry_after_ms);
    case 'attention':
      return { ...done, attention: outcome.reason };
  }
}
