import { formatAmount } from '@cashback/contract';
import type { Log } from '@cashback/service';
import { keptValue } from '../gather/choose-inputs.ts';
import type { Upstreams } from '../gather/upstreams.ts';
import type { ChangeRow } from '../inbox/change.ts';
import {
  type Answered,
  type AttemptEnd,
  attemptAfter,
  beginAttempt,
  endOf,
  nextStep,
} from './attempt-flow.ts';
import type { Attempt } from './attempt-state.ts';
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
  change: ChangeRow,
  { upstreams, failures }: ProcessContext,
  signal: AbortSignal,
): Promise<AttemptEnd> {
  let attempt = beginAttempt(change, failures);
  // Bounded: each step ends the attempt or completes a part of its round.
  for (;;) {
    const step = nextStep(attempt);
    if (step.step === 'end') return endOf(attempt, step.outcome);
    const answered = await takeStep(change.order_id, step, upstreams, signal);
    attempt = attemptAfter(attempt, answered, failures);
    report(upstreams.log, attempt, answered);
  }
}

function report(log: Log, { order_id, known, outcome }: Attempt, { step }: Answered): void {
  if (outcome?.outcome === 'attention') log.debug({ order_id, reason: outcome.reason }, 'order was refused');
  const { service_answer } = known;
  if (step === 'ask_service' && service_answer?.answered === false) {
    const kept = formatAmount(keptValue(known.order ?? null));
    log.debug({ order_id, reason: service_answer.reason, kept }, 'service did not answer, its value is kept');
  }
}
