import type { Outcome, RegisterAnswers } from '../record/decide-next-attempt.ts';
import type { Upstreams } from '../gather/upstreams.ts';
import type { Attempt, AttemptedOrder } from './attempt-state.ts';
import { decideAttemptStep, startAttempt, withFailure } from './attempt.ts';
import type { Drift } from './drift.ts';
import { driftOfSettings } from './find-drifts.ts';
import { takeStep } from './take-step.ts';

/**
 * Takes the steps of an attempt at an order (`attempt.ts` has a picture), one after another. Resolves with the outcome,
 * whatever it is.
 */
export async function processChange(
  change: AttemptedOrder,
  upstreams: Upstreams,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; answers: RegisterAnswers; drifts: Drift[] }> {
  let attempt = startAttempt(change);
  // Bounded: each step ends the attempt or completes a part of its round.
  for (;;) {
    try {
      const step = decideAttemptStep(attempt);
      if (step.step === 'end') return endOf(attempt, step.outcome);
      attempt = await takeStep(attempt, step, upstreams, signal);
    } catch (error) {
      attempt = withFailure(attempt, error);
      if (attempt.outcome?.outcome === 'attention') {
        upstreams.log.debug({ err: error, order_id: change.order_id }, 'order was refused');
      }
    }
  }
}

function endOf(
  attempt: Attempt,
  outcome: Outcome,
): { outcome: Outcome; answers: RegisterAnswers; drifts: Drift[] } {
  const isProcessed = outcome.outcome === 'processed';
  const drifts = isProcessed ? [...attempt.drifts, ...driftOfSettings(attempt)] : [];
  return { outcome, answers: attempt.answers, drifts };
}
