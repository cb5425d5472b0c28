import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import { formatAmounts, parseAmounts } from '@cashback/contract';
import { decideCharge, inFlightDelay, overdueReason, pollDelay } from '@cashback/core';
import type { ChargeLimits, Finished, ObservedCashback } from '@cashback/core';
import { uuidV7 } from '@cashback/postgres';
import { backoffMs } from '@cashback/service';
import type { Observation } from './observe-invoice.ts';

/** What is written of an operation that was found finished, whatever the step is. */
export interface Ending {
  finished: Finished;
  rewarded: NewOperation['reward'];
}

/**
 * The next step for an order:
 * - `rest`: there is nothing to do;
 * - `look_again`: it moved on while its invoice was asked for, so what was seen decides nothing;
 * - `send`: of an operation that is `repeated` the row is there already.
 */
export type Step =
  | { action: 'rest' }
  | { action: 'look_again' }
  | { action: 'settle'; ending: Ending | null; rewarded: Ending['rewarded'] }
  | { action: 'send'; ending: Ending | null; operation: NewOperation; repeated: boolean; wait_ms: number }
  | { action: 'poll'; ending: Ending | null; wait_ms: number }
  | { action: 'need_attention'; ending: Ending | null; reason: string };

export interface StepContext {
  limits: ChargeLimits;
  /** For how long `transactions` was away since the order is unsettled. */
  downtime_ms: number;
}

/** True when nothing is left to do, or nothing may be begun: who needs attention only sees its operation through. */
export function isAtRest({ settled_revision, revision, operation_id, attention }: ChargeOrder): boolean {
  return operation_id === null && (settled_revision === revision || attention !== null);
}

/**
 * Decides with the order as it is now, under its lock, and with what was observed of its invoice before. `seen` is
 * the order as it was before that: an observation counts only for an order that has not moved on since, else an
 * invoice that carried the target once could settle an order that was given another one, and back, meanwhile.
 */
export function decideStep(
  seen: ChargeOrder,
  observation: Observation,
  charge: Charge,
  context: StepContext,
): Step {
  const { order } = charge;
  if (isAtRest(order)) return { action: 'rest' };
  if (hasMovedOn(seen, order)) return { action: 'look_again' };
  switch (observation.outcome) {
    case 'unreachable':
      return resting(order, decideUnreachable(observation, order, context));
    case 'nonsense':
      return { action: 'need_attention', ending: null, reason: observation.reason };
    case 'observed':
      return resting(order, decideObserved(observation.cashback, charge, context));
  }
}

/** While `transactions` is away nobody is to blame; an order that it alone does not answer about needs attention. */
function decideUnreachable(
  { error, sent }: Extract<Observation, { outcome: 'unreachable' }>,
  order: ChargeOrder,
  { limits, downtime_ms }: StepContext,
): Step {
  const overdue = sent ? overdueReason({ ...order, downtime_ms }, limits) : null;
  if (overdue !== null) {
    return { action: 'need_attention', ending: null, reason: `${overdue}: ${error.message}` };
  }
  const wait_ms = (error.retry_after_ms ?? 0) + spread(pollDelay({ ...order, downtime_ms }, limits));
  return { action: 'poll', ending: null, wait_ms };
}

/** While one operation stays open no other can have been made: then a new target alone changes nothing. */
function hasMovedOn(seen: ChargeOrder, now: ChargeOrder): boolean {
  if (seen.operation_id !== now.operation_id) return true;
  return now.operation_id === null && seen.revision !== now.revision;
}

function decideObserved(
  cashback: ObservedCashback,
  charge: Charge,
  { limits, downtime_ms }: StepContext,
): Step {
  const { order, target, operation, attempts } = charge;
  const decision = decideCharge({
    target,
    revision: order.revision,
    cashback,
    operation: operation && { ...operation, reward: parseAmounts(operation.reward) },
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
      return { action: 'poll', ending, wait_ms: why === 'backoff' ? prolong(after_ms) : spread(after_ms) };
    }
    case 'needs_attention':
      return { action: 'need_attention', ending, reason: decision.reason };
    case 'update': {
      const repeated = decision.repeat !== null && operation !== null;
      const sent = repeated ? operation : newOperation(charge, decision.version);
      const wait_ms = spread(inFlightDelay({ ...order, downtime_ms }, limits));
      return { action: 'send', ending, operation: sent, repeated, wait_ms };
    }
  }
}

function newOperation({ order, target }: Charge, version: number): NewOperation {
  const { order_id, revision, user_id, wallet_id, currency } = order;
  const reward = formatAmounts(target);
  return {
    order_id,
    operation_id: uuidV7(),
    revision,
    version,
    user_id,
    wallet_id,
    currency,
    reward,
  };
}

/** Who needs attention is not looked at again, and begins nothing new; its open operation may still end. */
function resting(order: ChargeOrder, step: Step): Step {
  if (order.attention === null) return step;
  if (step.action === 'poll' || (step.action === 'send' && !step.repeated)) {
    return { action: 'need_attention', ending: step.ending, reason: order.attention };
  }
  return step;
}

/** Between half the wait and all of it, so that orders that wait for the same thing do not all come at once. */
export function spread(wait_ms: number): number {
  return backoffMs(1, { base_ms: wait_ms, max_ms: wait_ms });
}

/** Up to a quarter more: of a wait after a failure nothing is taken off, who comes early is only sent away again. */
function prolong(wait_ms: number): number {
  return Math.round(wait_ms + (wait_ms / 4) * Math.random());
}
