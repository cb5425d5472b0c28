import { type FailureOf, type OwnFailures, createOwnFailures } from '@cashback/service';
import type { TakenStep } from './attempt.ts';

type StepName = TakenStep['step'];

/** The failures of orders at each step: a side may fail at one of them, and answer all others. */
export interface StepFailures {
  /** An answer about the order, whatever it is. */
  succeeded(step: StepName, orderId: string): void;
  failed(step: StepName, orderId: string): FailureOf;
  /** The order is attempted as if nothing had gone wrong before. */
  forget(orderId: string): void;
}

export function createStepFailures({
  retry_max_ms,
  now,
}: {
  retry_max_ms: number;
  /** A clock that only moves forward, in ms. */
  now?: () => number;
}): StepFailures {
  const failures = new Map<StepName, OwnFailures>();

  function at(step: StepName): OwnFailures {
    const known =
      failures.get(step) ?? createOwnFailures({ without_news_ms: 2 * retry_max_ms, ...(now && { now }) });
    failures.set(step, known);
    return known;
  }

  return {
    succeeded: (step, orderId) => at(step).succeeded(orderId),
    failed: (step, orderId) => at(step).failed(orderId),
    forget(orderId) {
      for (const one of failures.values()) one.forget(orderId);
    },
  };
}
