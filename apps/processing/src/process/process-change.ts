import type { Outcome, RegisterAnswers } from '../record/decide-next-attempt.ts';
import type { Upstreams } from '../gather/upstreams.ts';
import type { Attempt, AttemptedOrder } from './attempt-state.ts';
import { type AttemptStep, decideAttemptStep, startAttempt, withFailure, withoutStep } from './attempt.ts';
import type { Drift } from './drift.ts';
import { driftOfSettings } from './find-drifts.ts';
import type { StepFailures } from './step-failures.ts';
import { takeStep } from './take-step.ts';

interface ProcessContext {
  upstreams: Upstreams;
  failures: StepFailures;
}

/**
 * Takes the steps of an attempt at an order (`attempt.ts` has a picture), one after another. Resolves with the outcome,
 * whatever it is.
 */
export async function processChange(
  change: AttemptedOrder,
  context: ProcessContext,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; answers: RegisterAnswers; drifts: Drift[] }> {
  let attempt = startAttempt(change);
  // Bounded: each step ends the attempt or completes a part of its round.
  for (;;) {
    const step = nextStep(attempt);
    if ('outcome' in step) return endOf(attempt, step.outcome);
    attempt = await attemptAfter(attempt, step, context, signal);
  }
}

type TakenStep = Exclude<AttemptStep, { step: 'end' }>;

function nextStep(attempt: Attempt): AttemptStep {
  try {
    return decideAttemptStep(attempt);
  } catch (error) {
    return decideAttemptStep(withoutStep(attempt, error));
  }
}

async function attemptAfter(
  attempt: Attempt,
  step: TakenStep,
  { upstreams, failures }: ProcessContext,
  signal: AbortSignal,
): Promise<Attempt> {
  const { order_id } = attempt;
  try {
    const after = await takeStep(attempt, step, upstreams, signal);
    failures.succeeded(step.step, order_id);
    return after;
  } catch (error) {
    const after = withFailure(attempt, error);
    if (after.outcome?.outcome === 'attention') {
      upstreams.log.debug({ err: error, order_id }, 'order was refused');
    }
    if (after.outcome?.outcome === 'failed') {
      return { ...after, outcome: { ...after.outcome, failure_of: failures.failed(step.step, order_id) } };
    }
    failures.succeeded(step.step, order_id);
    return after;
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
