import type { OrderOutput, OrderRates, RegisterInput, RegisterOutput } from '@cashback/contract';
import type { ServiceCashbackInput, ServiceCashbackOutput } from '@cashback/wire';
import { readInvoice } from '../gather/read-invoice.ts';
import { type Answer, bodyOf, readOrder, readRates } from '../gather/read-order.ts';
import { serviceAnswerOf } from '../gather/service-answer.ts';
import type { ChangeRow } from '../inbox/change.ts';
import type { Outcome, RegisterAnswers } from '../record/decide-next-attempt.ts';
import { type FoundSettings, chooseSettings, frozenHash } from '../services/settings-of-order.ts';
import type { Attempt, AttemptedOrder } from './attempt-state.ts';
import {
  type AttemptStep,
  decideAttemptStep,
  startAttempt,
  withFailure,
  withKnown,
  withRegisterAnswer,
  withoutStep,
} from './attempt.ts';
import type { Drift } from './drift.ts';
import { driftOfSettings } from './find-drifts.ts';
import type { StepFailures } from './step-failures.ts';

/** What a step has brought: answers of upstreams as they came, or the errors in place of them. */
export type Answered =
  | { step: 'read_order'; order: Answer<OrderOutput> }
  | { step: 'read_invoice'; invoice: Answer<Record<string, unknown>>; rates: Answer<OrderRates> }
  | { step: 'find_settings'; settings: Answer<FoundSettings> }
  | { step: 'ask_service'; question: ServiceCashbackInput; answer: Answer<ServiceCashbackOutput> }
  | { step: 'register'; input: RegisterInput; answer: Answer<RegisterOutput> };

/** How an attempt ended. */
export interface AttemptEnd {
  outcome: Outcome;
  answers: RegisterAnswers;
  /** What it has found and healed; differences of an order that was not processed are found again. */
  drifts: Drift[];
}

/** Without failures in a row, what was counted of the order before says nothing of it now. */
export function beginAttempt(
  change: AttemptedOrder & Pick<ChangeRow, 'failures'>,
  failures: StepFailures,
): Attempt {
  if (change.failures === 0) failures.forget(change.order_id);
  return startAttempt(change);
}

/** The next thing to do. A calculation that is impossible ends the attempt. */
export function nextStep(attempt: Attempt): AttemptStep {
  try {
    return decideAttemptStep(attempt);
  } catch (error) {
    return decideAttemptStep(withoutStep(attempt, error));
  }
}

/** The attempt after a step. `failures` counts it with those of other orders: a failure may be the order's own. */
export function attemptAfter(attempt: Attempt, answered: Answered, failures: StepFailures): Attempt {
  const { order_id } = attempt;
  const { step } = answered;
  const after = answeredAttempt(attempt, answered);
  if (after.outcome?.outcome !== 'failed') {
    failures.succeeded(step, order_id);
    return after;
  }
  return { ...after, outcome: { ...after.outcome, failure_of: failures.failed(step, order_id) } };
}

export function endOf(attempt: Attempt, outcome: Outcome): AttemptEnd {
  const isProcessed = outcome.outcome === 'processed';
  const drifts = isProcessed ? [...attempt.drifts, ...driftOfSettings(attempt)] : [];
  return { outcome, answers: attempt.answers, drifts };
}

function answeredAttempt(attempt: Attempt, answered: Answered): Attempt {
  try {
    return withAnswer(attempt, answered);
  } catch (error) {
    return withFailure(attempt, error);
  }
}

/** Throws the error that was in place of an answer, unless it is one. */
function withAnswer(attempt: Attempt, answered: Answered): Attempt {
  const { order_id, change, known } = attempt;
  switch (answered.step) {
    case 'read_order':
      return withKnown(attempt, { order: readOrder(answered.order) });
    case 'read_invoice': {
      const read = readInvoice(order_id, bodyOf(answered.invoice));
      const rates = readRates(answered.rates);
      return withKnown(attempt, { invoice: 'unreadable' in read ? read : { ...read, rates } });
    }
    case 'find_settings': {
      const { invoice: read } = known;
      if (read === undefined || 'unreadable' in read) throw new Error(`${order_id} has no invoice yet`);
      const service = chooseSettings(frozenHash(change, known.order ?? null), bodyOf(answered.settings));
      return withKnown(attempt, { invoice: { ...read, service } });
    }
    case 'ask_service':
      return withKnown(attempt, { service_answer: serviceAnswerOf(answered.question, answered.answer) });
    case 'register':
      return withRegisterAnswer(attempt, answered.input, bodyOf(answered.answer));
  }
}
