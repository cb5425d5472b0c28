import { CashbackClientError } from '@cashback/client';
import type { RegisterInput, RegisterOutput } from '@cashback/contract';
import { calculateCashback } from '@cashback/core';
import type { ServiceCashbackInput } from '@cashback/wire';
import type { ServiceAnswer } from '../gather/service-answer.ts';
import {
  type ChosenInputs,
  RATES_MISSING,
  type StatedInvoice,
  chooseInputs,
  withServiceAnswer,
} from '../gather/choose-inputs.ts';
import { answerInReceipt } from '../gather/received-answer.ts';
import { describeVersion, versionOf } from '../inbox/invoice-version.ts';
import type { AttentionCause } from '../record/attention-cause.ts';
import type { Outcome } from '../record/decide-next-attempt.ts';
import { frozenHash } from '../services/settings-of-order.ts';
import type { Attempt, AttemptedOrder, GatheredInvoice, Known } from './attempt-state.ts';
import { carriesAlready } from './carries-already.ts';
import type { Obstacle } from './drift.ts';
import { comparesAgain, driftOfRegister } from './find-drifts.ts';
import { obstacleOf } from './find-obstacle.ts';
import { notCalculable, outcomeOfFailure } from './outcome-of-failure.ts';
import { registerInputOf } from './register-input.ts';

/*
 * An attempt at an order, in rounds:
 *
 *   read order -> read invoice and rates -> find settings -> [ask service] -> calculate, register -> processed
 *        ^                                                                              |
 *        +------------------------ stale, conflict: something newer was registered, up to 5 rounds
 *
 * The order's revision is read before everything else: a newer register meanwhile makes the result a conflict.
 */

/** How often an order is started over at once when newer registers overtake it. */
export const MAX_ROUNDS = 5;

export type AttemptStep =
  | { step: 'read_order' }
  /** And the order's rates. */
  | { step: 'read_invoice' }
  /** `hash`: of the settings that the order began with; null when it begins now. */
  | { step: 'find_settings'; service: string; hash: string | null }
  | { step: 'ask_service'; service: string; question: ServiceCashbackInput }
  | { step: 'register'; input: RegisterInput }
  | { step: 'end'; outcome: Outcome };
export type TakenStep = Exclude<AttemptStep, { step: 'end' }>;

export function startAttempt(change: AttemptedOrder): Attempt {
  const answers = { registered: 0, unchanged: 0, stale: 0 };
  return { order_id: change.order_id, change, round: 1, answers, known: {}, drifts: [], outcome: null };
}

/** The next thing to do. Throws when the cashback cannot be calculated. */
export function decideAttemptStep(attempt: Attempt): AttemptStep {
  const { known, outcome } = attempt;
  if (outcome !== null) return end(outcome);
  const { order, invoice: read } = known;
  if (order === undefined) return { step: 'read_order' };
  if (read === undefined) return { step: 'read_invoice' };
  // Bounded: an operator of transactions may correct the answer, or may not.
  if ('unreadable' in read) {
    const cause = { code: 'observation_unreadable', details: {} } as const;
    return end({ outcome: 'waiting', reason: read.unreadable, cause });
  }
  if (!('service' in read)) {
    const hash = frozenHash(attempt.change, order);
    return { step: 'find_settings', service: read.invoice.service, hash };
  }
  if (isUnrepeatable(attempt, read)) return end(processedAlready(read.invoice));
  const chosen = chooseInputs({ ...read, stored: order });
  if ('outcome' in chosen) return end(chosen.outcome);
  const service_answer = known.service_answer ?? receivedBefore(attempt, chosen);
  if (chosen.question !== null && service_answer === undefined) {
    return { step: 'ask_service', service: read.invoice.service, question: chosen.question };
  }
  const inputs =
    service_answer === undefined ? chosen.inputs : withServiceAnswer(chosen.inputs, service_answer, order);
  const calculation = calculateCashback(inputs);
  if (calculation.outcome === 'rates_missing') return end(RATES_MISSING);
  const input = registerInputOf(inputs, calculation);
  if (carriesAlready(attempt, input)) return end(processedAlready(read.invoice));
  return { step: 'register', input };
}

export function withKnown(attempt: Attempt, known: Known): Attempt {
  return { ...attempt, known: { ...attempt.known, ...known } };
}

export function withRegisterAnswer(
  attempt: Attempt,
  input: Pick<RegisterInput, 'invoice_epoch' | 'invoice_version' | 'cashback_by_source'>,
  answer: Pick<RegisterOutput, 'outcome' | 'invoice_epoch' | 'invoice_version'>,
): Attempt {
  const invoice = versionOf(input);
  const count = attempt.answers[answer.outcome] + 1;
  const counted = { ...attempt, answers: { ...attempt.answers, [answer.outcome]: count } };
  if (answer.outcome === 'stale') {
    const reason = `the server has ${describeVersion(versionOf(answer))} of the invoice, transactions shows ${describeVersion(invoice)}`;
    const [server, shown] = [versionOf(answer), invoice];
    const cause: AttentionCause = { code: 'observation_stale', details: { server, shown } };
    return overtaken(counted, reason, cause, { class: 'version_behind', before: server, after: shown });
  }
  const read = attempt.known.invoice;
  const config_hash = read !== undefined && 'service' in read ? (read.service?.config_hash ?? null) : null;
  const { service_answer } = attempt.known;
  const asks_again = service_answer?.answered === false;
  const unusable =
    service_answer?.answered === false && service_answer.is_unusable ? service_answer.reason : null;
  const drifts = driftOfRegister(attempt, input, answer);
  const outcome: Outcome = { outcome: 'processed', invoice, config_hash, asks_again };
  return { ...counted, drifts, outcome: unusable === null ? outcome : { ...outcome, unusable } };
}

/**
 * The settings that the order began with were never kept, so its calculation cannot be repeated. Other settings are not
 * applied to a version that was processed.
 */
function isUnrepeatable(attempt: Attempt, { invoice, service }: GatheredInvoice): boolean {
  const { invoice_epoch: epoch = 1, version } = invoice;
  const isLost = (service?.frozen_hash ?? null) !== null && service?.frozen_hash !== service?.config_hash;
  return isLost && attempt.known.order !== null && comparesAgain(attempt, { epoch, version });
}

function processedAlready({ invoice_epoch: epoch = 1, version }: StatedInvoice): Outcome {
  return { outcome: 'processed', invoice: { epoch, version }, config_hash: null, asks_again: false };
}

/** Processing a version once more repeats its calculation, with the answer of the service that it had. */
function receivedBefore(
  attempt: Attempt,
  { inputs, question }: Exclude<ChosenInputs, { outcome: Outcome }>,
): ServiceAnswer | undefined {
  const { invoice_epoch: epoch = 1, version } = inputs.invoice;
  if (question === null || !comparesAgain(attempt, { epoch, version })) return undefined;
  const value = answerInReceipt(attempt.known.order?.receipt ?? null, question, inputs.config_hash);
  return value === null ? undefined : { answered: true, value };
}

/** The next step could not be decided. */
export function withoutStep(attempt: Attempt, error: unknown): Attempt {
  return { ...attempt, outcome: notCalculable(error) };
}

/** A step failed with an error. */
export function withFailure(attempt: Attempt, error: unknown): Attempt {
  // The order has another revision than the one that was read.
  if (error instanceof CashbackClientError && error.code === 'REVISION_CONFLICT') {
    return overtaken(attempt, error.message, { code: 'register_overtaken', details: error.details });
  }
  const outcome = outcomeOfFailure(error);
  if (outcome.outcome === 'failed' || outcome.outcome === 'unknown') return { ...attempt, outcome };
  if (outcome.outcome === 'waiting' && isUnknown(attempt)) {
    return { ...attempt, outcome: { outcome: 'unknown', reason: outcome.reason } };
  }
  return { ...attempt, outcome: { ...outcome, obstacle: obstacleOf(attempt, error) } };
}

/** No feed, no callback and no register has named it, only a request to compare it. */
function isUnknown({ change, known }: Attempt): boolean {
  return change.service === 'unknown' && change.processed_version === 0 && known.order === null;
}

function overtaken(attempt: Attempt, reason: string, cause: AttentionCause, obstacle?: Obstacle): Attempt {
  return attempt.round < MAX_ROUNDS
    ? { ...attempt, round: attempt.round + 1, known: {} }
    : { ...attempt, outcome: { outcome: 'waiting', reason, cause, obstacle } };
}

function end(outcome: Outcome): AttemptStep {
  return { step: 'end', outcome };
}
