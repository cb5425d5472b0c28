import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import { type AttentionCode, formatAmounts, parseAmounts } from '@cashback/contract';
import {
  attemptDelay,
  decideCharge,
  describeHold,
  inFlightDelay,
  keptWhileUnusable,
  overdueReason,
  pollDelay,
  waitedAfter,
  withoutSince,
} from '@cashback/core';
import type {
  Attention,
  ChargeDecision,
  ChargeLimits,
  Finished,
  Heals,
  Hold,
  ObservedCashback,
  StandingAttention,
  TargetProblem,
} from '@cashback/core';
import { backoffMs } from '@cashback/service';
import type { StatedHistory } from '@cashback/wire';
import { boundHeals } from './bound-heals.ts';
import type { Observation } from './observe-invoice.ts';
import { type PastDecision, decidePast, recordedOperation } from './decide-past.ts';
import { operationIdOf } from './operation-id.ts';
import { operationNumbers } from './operation-numbers.ts';

/** The end of an operation, which is recorded whatever the step is. */
export interface Ending {
  finished: Finished;
  rewarded: NewOperation['reward'];
}

interface Common {
  ending: Ending | null;
  /** How long the order has waited by now; see `waitedAfter`. */
  waited_ms: number;
  answered_at: Date | null;
}
interface Unsettled extends Common {
  /** The order counted as settled, and its invoice shows that it is not. */
  reopened: boolean;
  /** Until the next poll. */
  wait_ms: number;
  /** Absent: they stay as they are. */
  heals?: Heals;
}

/**
 * The next step of an order:
 * - `noop`: another step settled the order meanwhile, and this observation adds nothing;
 * - `retry_now`: the order moved on while its invoice was observed, so the observation decides nothing;
 * - `send`: with `repeated` the operation's row exists already. With `attention` the order needs it until it is settled;
 * - `send_again`: an operation that ended before a restore of its invoice, which may have lost it. Its row and its end stay;
 * - `poll` and `need_attention`: send nothing.
 */
export type OrderStep =
  | { action: 'noop' }
  | { action: 'retry_now' }
  | (Common & { action: 'settle'; rewarded: Ending['rewarded'] })
  | (Unsettled & {
      action: 'send';
      operation: NewOperation;
      repeated: boolean;
      attention: Attention | null;
      /** Stated with it of an invoice that may have lost operations. */
      history?: StatedHistory;
    })
  | (Unsettled & {
      action: 'send_again';
      operation: NewOperation;
      attention: Attention | null;
      history: StatedHistory;
    })
  | (Unsettled & { action: 'poll' })
  | (Unsettled & { action: 'need_attention'; attention: Attention });

export interface StepContext {
  limits: ChargeLimits;
  /** From 0 up to 1, for jitter. */
  random: () => number;
}

/**
 * Decides on the order as it is now, under its lock, with an earlier observation of its invoice. `seen` is the order
 * as it was before the observation, which counts only if the order has not moved on since. Otherwise an invoice that
 * carried the target once could settle an order that went to another target and back meanwhile.
 *
 * No state of an order is exempt: also one that is settled, or needs attention, is compared with its invoice.
 */
export function decideStep(
  seen: ChargeOrder,
  observation: Observation,
  charge: Charge,
  context: StepContext,
): OrderStep {
  const { order } = charge;
  if (hasMovedOn(seen, order)) return { action: 'retry_now' };
  const waited = waitedAfter(order, observation.outcome !== 'unreachable', context.limits);
  const step = decideNow(observation, charge, context, waited);
  const isKnown = isSettled(order) && seen.settled_revision !== order.settled_revision;
  const isIdle = (step.action === 'poll' || step.action === 'need_attention') && !step.reopened;
  return isKnown && isIdle ? { action: 'noop' } : step;
}

/** Nothing is sent and nothing settles by a target that cannot be relied on, also when it seems settled. */
function stopAt(
  { code, message, details }: TargetProblem,
  order: ChargeOrder,
  { limits, random }: StepContext,
  waited: Waited,
): OrderStep {
  const attention = { code, reason: `${code}: ${message}`, details };
  const wait_ms = attentionWait(order, attention, limits, random);
  return { action: 'need_attention', ending: null, reopened: false, ...waited, attention, wait_ms };
}

type Waited = Pick<Common, 'waited_ms' | 'answered_at'>;

function decideNow(
  observation: Observation,
  charge: Charge,
  context: StepContext,
  waited: Waited,
): OrderStep {
  const { order, problem } = charge;
  if (problem !== null) return stopAt(problem, order, context, waited);
  switch (observation.outcome) {
    case 'unreachable':
      return decideUnreachable(observation, order, context, waited);
    case 'unusable':
      return decideUnusable(observation, order, context, waited);
    case 'observed':
      return decideObserved(observation.cashback, charge, context, waited);
  }
}

/** While one operation stays open no other can have been made, so a new target alone changes nothing. */
function hasMovedOn(seen: ChargeOrder, now: ChargeOrder): boolean {
  if (seen.operation_id !== now.operation_id) return true;
  // The payee of its invoice was compared with the one of before.
  if (seen.user_id !== now.user_id || seen.wallet_id !== now.wallet_id) return true;
  return now.operation_id === null && seen.revision !== now.revision;
}

function isSettled({ settled_revision, revision }: ChargeOrder): boolean {
  return settled_revision === revision;
}

/** The time without an answer does not count against the order, however long it is. */
function decideUnreachable(
  { error }: Extract<Observation, { outcome: 'unreachable' }>,
  order: ChargeOrder,
  { limits, random }: StepContext,
  waited: Waited,
): OrderStep {
  const common = { ending: null, reopened: false, ...waited };
  const asked_ms = error.retry_after_ms ?? 0;
  const attention = standingAttention(order);
  if (attention !== null) {
    const wait_ms = asked_ms + attentionWait(order, attention, limits, random);
    return { ...common, action: 'need_attention', attention: withoutSince(attention), wait_ms };
  }
  return { ...common, action: 'poll', wait_ms: asked_ms + spread(pollDelay(order, limits), random) };
}

/** It counts as no answer at first: a replica may lag behind. The attention that an order has stays. */
function decideUnusable(
  { code, reason, details }: Extract<Observation, { outcome: 'unusable' }>,
  order: ChargeOrder,
  { limits, random }: StepContext,
  waited: Waited,
): OrderStep {
  const common = { ending: null, reopened: false, ...waited };
  const is_overdue = overdueReason({ ...order, ...waited }, limits) !== null;
  const kept = keptWhileUnusable(standingAttention(order), { is_overdue });
  if (kept === null && !is_overdue) {
    return { ...common, action: 'poll', wait_ms: spread(pollDelay(order, limits), random) };
  }
  const attention = kept ?? { code, reason, details };
  return {
    ...common,
    action: 'need_attention',
    attention,
    wait_ms: attentionWait(order, attention, limits, random),
  };
}

/** The wallet owes, and no attempt to take it is in flight. */
function isBetweenAttempts(decision: ChargeDecision): boolean {
  if (decision.action === 'update') return decision.attention?.code === 'owed' && decision.repeat === null;
  return decision.action === 'needs_attention' && decision.attention.code === 'owed';
}

const NO_ATTEMPTS = { failed: 0, applied: 0, rejected: 0, last_at: null };

function decideObserved(
  cashback: ObservedCashback,
  charge: Charge,
  context: StepContext,
  waited: Waited,
): OrderStep {
  const { limits, random } = context;
  const { order, target, operation } = charge;
  const decision = decideCharge({
    target,
    revision: order.revision,
    cashback,
    operation: operation && { ...operation, reward: parseAmounts(operation.reward) },
    cashback_epoch: order.cashback_epoch,
    cashback_version: order.cashback_version,
    // Operations that ended before the order was settled are no attempts to settle it again.
    attempts: isSettled(order) ? NO_ATTEMPTS : charge.attempts,
    attention: standingAttention(order),
    wallet_filled: isWalletFilled(order),
    unsettled_since: order.unsettled_since,
    waited_ms: waited.waited_ms,
    now: order.now,
    limits,
  });
  const rewarded = formatAmounts(cashback.rewarded);
  const ending = decision.finished && { finished: decision.finished, rewarded };
  const past = decidePast(cashback, charge, decision.finished);
  const isRefused = decision.action === 'needs_attention' && decision.attention.code === 'operation_refused';
  if (past !== null && past.action !== 'complete' && !isRefused) {
    return bringBack(past, charge, { ending, cashback }, context, waited);
  }
  if (decision.action === 'settled' && order.hold !== null) {
    return stayHeld(order.hold, order, ending, context, waited);
  }
  if (decision.action === 'settled') {
    return { action: 'settle', ending, rewarded, waited_ms: 0, answered_at: waited.answered_at };
  }
  const { attention } = decision;
  const isCleared = order.attention !== null && attention === null;
  const reopened = isSettled(order) && isDifference(decision);
  const bound = boundHeals(decision, order, cashback);
  const common = {
    ending,
    reopened,
    // A debt may stay as long as the wallet is empty: only each attempt has a bound.
    waited_ms: isCleared || reopened || isBetweenAttempts(decision) ? 0 : waited.waited_ms,
    answered_at: waited.answered_at,
    ...(bound !== null && { heals: bound.heals }),
  };
  if (bound !== null && bound.attention !== null) {
    const wait_ms = attentionWait(order, bound.attention, limits, random);
    return { ...common, action: 'need_attention', attention: bound.attention, wait_ms };
  }
  const slow_ms = attention && attentionWait(order, attention, limits, random);
  switch (decision.action) {
    case 'needs_attention':
      return { ...common, action: 'need_attention', attention: decision.attention, wait_ms: slow_ms ?? 0 };
    case 'poll': {
      const { after_ms, why } = decision;
      if (attention !== null)
        return { ...common, action: 'need_attention', attention, wait_ms: slow_ms ?? 0 };
      const wait_ms = why === 'backoff' ? prolong(after_ms, random) : spread(after_ms, random);
      return { ...common, action: 'poll', wait_ms };
    }
    case 'update': {
      const repeated = decision.repeat !== null && operation !== null;
      const sent = repeated ? operation : newOperation(charge, cashback, limits);
      const unsettled_since = reopened ? order.now : order.unsettled_since;
      const wait_ms = slow_ms ?? spread(inFlightDelay({ ...order, unsettled_since }, limits), random);
      const history = past === null ? {} : { history: statedOf(cashback, 'complete') };
      return { ...common, action: 'send', operation: sent, repeated, attention, wait_ms, ...history };
    }
  }
}

/** Nothing new is sent before the invoice carries what it carried. */
function bringBack(
  past: Exclude<PastDecision, { action: 'complete' }>,
  { order, operation: open }: Charge,
  { ending, cashback }: { ending: Ending | null; cashback: ObservedCashback },
  { limits, random }: StepContext,
  { waited_ms, answered_at }: Waited,
): OrderStep {
  const reopened = isSettled(order);
  const common = { ending, reopened, waited_ms: reopened ? 0 : waited_ms, answered_at };
  if (past.action === 'lost') {
    const attention = { code: 'history_lost', reason: past.reason, details: past.details } as const;
    const wait_ms = attentionWait(order, attention, limits, random);
    return { ...common, action: 'need_attention', attention, wait_ms };
  }
  const { operation_id } = past.operation;
  const overdue = overdueReason({ ...order, waited_ms: common.waited_ms }, limits);
  const attention =
    overdue === null
      ? null
      : ({
          code: 'history_lost',
          reason: `${overdue}: operation ${operation_id} was lost in a restore and is sent again`,
          details: { operation_id },
        } as const);
  const unsettled_since = reopened ? order.now : order.unsettled_since;
  const wait_ms =
    attention === null
      ? spread(inFlightDelay({ ...order, unsettled_since }, limits), random)
      : attentionWait(order, attention, limits, random);
  const stated = { attention, wait_ms, history: statedOf(cashback, 'repeated') };
  if (open !== null && ending === null && open.operation_id === operation_id) {
    return { ...common, ...stated, action: 'send', operation: open, repeated: true };
  }
  const operation = recordedOperation(order, past.operation);
  return { ...common, ...stated, action: 'send_again', operation };
}

/** Of the epoch that was observed: after another restore it counts no longer. */
function statedOf({ epoch }: ObservedCashback, state: StatedHistory['state']): StatedHistory {
  if (epoch === null) throw new Error('a history is unknown in an epoch');
  return { invoice_epoch: epoch, state };
}

/** The invoice carries what may be sent. The rest of the target waits for a release, so the order is not settled. */
function stayHeld(
  hold: Hold,
  order: ChargeOrder,
  ending: Ending | null,
  { limits, random }: StepContext,
  { answered_at }: Waited,
): OrderStep {
  const attention = { code: 'held_by_breaker', reason: describeHold(hold), details: { ...hold } } as const;
  const wait_ms = attentionWait(order, attention, limits, random);
  return { action: 'need_attention', ending, reopened: false, waited_ms: 0, answered_at, attention, wait_ms };
}

/** Whether the invoice of a settled order shows that it is no longer settled. Another operation in flight may still end well. */
function isDifference(decision: ChargeDecision): boolean {
  if (decision.action === 'needs_attention') return decision.attention.code === 'moved_by_hand';
  return decision.action === 'update';
}

function newOperation(
  charge: Charge,
  { epoch, version }: ObservedCashback,
  limits: ChargeLimits,
): NewOperation {
  const { order, target } = charge;
  const { order_id, revision, user_id, wallet_id, currency } = order;
  const cashback_epoch = epoch ?? order.cashback_epoch;
  const content = { cashback_epoch, version, user_id, wallet_id, currency, reward: formatAmounts(target) };
  const { attempt, again } = operationNumbers(charge, content, limits);
  return { order_id, operation_id: operationIdOf(order_id, content, again), revision, ...content, attempt };
}

/** Why the order needs attention. An older release gives no code: its cause counts as one that an observation shows. */
export function standingAttention(order: ChargeOrder): StandingAttention | null {
  const { attention, attention_code, attention_since, attention_details } = order;
  if (attention === null) return null;
  const code = (attention_code ?? 'operation_stuck') as AttentionCode;
  return { code, reason: attention, details: attention_details ?? {}, since: attention_since };
}

/** An attention of another code begins now. The wait is never shortened: a retry that is due then would not be due yet. */
export function attentionWait(
  order: ChargeOrder,
  { code }: Pick<Attention, 'code'>,
  limits: ChargeLimits,
  random: () => number,
): number {
  const isSame = order.attention !== null && order.attention_code === code;
  const attention = { code, since: isSame ? order.attention_since : null };
  const wait_ms = attemptDelay(attention, { at: order.now, wallet_filled: isWalletFilled(order) }, limits);
  return prolong(wait_ms, random);
}

/** The mark stays until a new operation is sent, so the attempt that it asks for is made once. */
function isWalletFilled({ due_by }: ChargeOrder): boolean {
  return due_by === 'balance';
}

/** Between half the wait and all of it, so that orders which wait for the same thing do not return all at once. */
export function spread(wait_ms: number, random: () => number): number {
  return backoffMs(1, { base_ms: wait_ms, max_ms: wait_ms, random });
}

/** Up to a quarter more. A backoff is never shortened: the order would come back too early, and wait again. */
function prolong(wait_ms: number, random: () => number): number {
  return Math.round(wait_ms + (wait_ms / 4) * random());
}
