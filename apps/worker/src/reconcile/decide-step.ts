import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import { formatAmounts, parseAmounts } from '@cashback/contract';
import { decideCharge, inFlightDelay, overdueReason, pollDelay } from '@cashback/core';
import type { ChargeLimits, Finished, ObservedCashback, TargetProblem } from '@cashback/core';
import { backoffMs } from '@cashback/service';
import type { Observation } from './observe-invoice.ts';
import { isSameContent, operationIdOf } from './operation-id.ts';

/** The end of an operation, which is recorded whatever the step is. */
export interface Ending {
  finished: Finished;
  rewarded: NewOperation['reward'];
}

/**
 * The next step of an order:
 * - `noop`: there is nothing to do;
 * - `retry_now`: the order moved on while its invoice was observed, so the observation decides nothing;
 * - `send`: with `repeated` the operation's row exists already.
 */
export type Step =
  | { action: 'noop' }
  | { action: 'retry_now' }
  | { action: 'settle'; ending: Ending | null; rewarded: Ending['rewarded'] }
  | { action: 'send'; ending: Ending | null; operation: NewOperation; repeated: boolean; wait_ms: number }
  | { action: 'poll'; ending: Ending | null; wait_ms: number }
  | { action: 'need_attention'; ending: Ending | null; reason: string };

export interface StepContext {
  limits: ChargeLimits;
  /** For how long `transactions` was down since the order became unsettled. */
  downtime_ms: number;
  /** From 0 up to 1, for jitter. */
  random: () => number;
}

/** True when nothing is left to do or to begin. An order that needs attention only follows its open operation. */
export function isAtRest({
  settled_revision,
  revision,
  operation_id,
  attention,
}: Pick<ChargeOrder, 'settled_revision' | 'revision' | 'operation_id' | 'attention'>): boolean {
  return operation_id === null && (settled_revision === revision || attention !== null);
}

/**
 * Decides on the order as it is now, under its lock, with an earlier observation of its invoice. `seen` is the order
 * as it was before the observation, which counts only if the order has not moved on since. Otherwise an invoice that
 * carried the target once could settle an order that went to another target and back meanwhile.
 */
export function decideStep(
  seen: ChargeOrder,
  observation: Observation,
  charge: Charge,
  context: StepContext,
): Step {
  const { order } = charge;
  if (charge.problem !== null) return stopAt(charge.problem, order);
  if (isAtRest(order)) return { action: 'noop' };
  if (hasMovedOn(seen, order)) return { action: 'retry_now' };
  switch (observation.outcome) {
    case 'unreachable':
      return withAttention(order, decideUnreachable(observation, order, context));
    case 'unusable':
      return { action: 'need_attention', ending: null, reason: observation.reason };
    case 'observed':
      return withAttention(order, decideObserved(observation.cashback, charge, context));
  }
}

/** Nothing is sent and nothing settles by a target that cannot be relied on, also when it seems settled. */
function stopAt({ code, message }: TargetProblem, { attention, operation_id }: ChargeOrder): Step {
  const reason = `${code}: ${message}`;
  if (attention === reason && operation_id === null) return { action: 'noop' };
  return { action: 'need_attention', ending: null, reason };
}

/** Downtime of `transactions` does not count. An order that gets no answer while others do needs attention in time. */
function decideUnreachable(
  { error, sent }: Extract<Observation, { outcome: 'unreachable' }>,
  order: ChargeOrder,
  { limits, downtime_ms, random }: StepContext,
): Step {
  const overdue = sent ? overdueReason({ ...order, downtime_ms }, limits) : null;
  if (overdue !== null) {
    return { action: 'need_attention', ending: null, reason: `${overdue}: ${error.message}` };
  }
  const wait_ms = (error.retry_after_ms ?? 0) + spread(pollDelay({ ...order, downtime_ms }, limits), random);
  return { action: 'poll', ending: null, wait_ms };
}

/** While one operation stays open no other can have been made, so a new target alone changes nothing. */
function hasMovedOn(seen: ChargeOrder, now: ChargeOrder): boolean {
  if (seen.operation_id !== now.operation_id) return true;
  return now.operation_id === null && seen.revision !== now.revision;
}

function decideObserved(cashback: ObservedCashback, charge: Charge, context: StepContext): Step {
  const { limits, downtime_ms, random } = context;
  const { order, target, operation, attempts } = charge;
  const decision = decideCharge({
    target,
    revision: order.revision,
    cashback,
    operation: operation && { ...operation, reward: parseAmounts(operation.reward) },
    cashback_epoch: order.cashback_epoch,
    cashback_version: order.cashback_version,
    attempts,
    unsettled_since: order.unsettled_since,
    downtime_ms,
    now: order.now,
    limits,
  });
  const rewarded = formatAmounts(cashback.rewarded);
  const ending = decision.finished && { finished: decision.finished, rewarded };
  switch (decision.action) {
    case 'settled':
      return { action: 'settle', ending, rewarded };
    case 'poll': {
      const { after_ms, why } = decision;
      const wait_ms = why === 'backoff' ? prolong(after_ms, random) : spread(after_ms, random);
      return { action: 'poll', ending, wait_ms };
    }
    case 'needs_attention':
      return { action: 'need_attention', ending, reason: decision.reason };
    case 'update': {
      const repeated = decision.repeat !== null && operation !== null;
      const sent = repeated ? operation : newOperation(charge, cashback);
      const wait_ms = spread(inFlightDelay({ ...order, downtime_ms }, limits), random);
      return { action: 'send', ending, operation: sent, repeated, wait_ms };
    }
  }
}

function newOperation({ order, target, ended }: Charge, { epoch, version }: ObservedCashback): NewOperation {
  const { order_id, revision, user_id, wallet_id, currency } = order;
  const cashback_epoch = epoch ?? order.cashback_epoch;
  const content = { cashback_epoch, version, user_id, wallet_id, currency, reward: formatAmounts(target) };
  const attempts = ended.filter((one) => isSameContent(one, content)).length;
  return { order_id, operation_id: operationIdOf(order_id, content, attempts), revision, ...content };
}

/** An order that needs attention is not polled and begins nothing new. Its open operation may still end. */
function withAttention(order: ChargeOrder, step: Step): Step {
  if (order.attention === null) return step;
  if (step.action === 'poll' || (step.action === 'send' && !step.repeated)) {
    return { action: 'need_attention', ending: step.ending, reason: order.attention };
  }
  return step;
}

/** Between half the wait and all of it, so that orders which wait for the same thing do not return all at once. */
export function spread(wait_ms: number, random: () => number): number {
  return backoffMs(1, { base_ms: wait_ms, max_ms: wait_ms, random });
}

/** Up to a quarter more. A backoff is never shortened: the order would come back too early, and wait again. */
function prolong(wait_ms: number, random: () => number): number {
  return Math.round(wait_ms + (wait_ms / 4) * random());
}
