import type {
  Charge,
  ChargeOrder,
  ChargeUpdate,
  NewDrift,
  NewOperation,
  NewOperationOutcome,
} from '@cashback/cashback-db';
import { formatAmounts } from '@cashback/contract';
import { type Attention, type DriftFinder, type ObservedCashback, compareVersions } from '@cashback/core';
import { storableDetails, storableText } from '@cashback/postgres';
import type { Learned } from './decide-follow-up.ts';
import type { Ending, OrderStep } from './decide-step.ts';
import { findDrifts } from './find-drifts.ts';
import { type AuditContext, auditOfStep } from './next-audit.ts';
import type { Observation } from './observe-invoice.ts';

/** All rows that one decision leaves for its order, written in one transaction. */
export interface OrderWrites {
  outcomes: NewOperationOutcome[];
  operations: NewOperation[];
  drifts: NewDrift[];
  updates: ChargeUpdate[];
}

const NO_WRITES: OrderWrites = { outcomes: [], operations: [], drifts: [], updates: [] };

interface StepWritesContext extends AuditContext {
  found_by: DriftFinder;
  /** The requests of the order as it was before the observation, which answers these and no later ones. */
  seen_requests: number;
}

/** The rows of a step. The time of the next poll is written with the step itself, so no crash in between can lose it. */
export function stepWrites(
  charge: Charge,
  step: OrderStep,
  observation: Observation,
  context: StepWritesContext,
): OrderWrites {
  const { order } = charge;
  if (step.action === 'noop') return NO_WRITES;
  const ending = 'ending' in step ? step.ending : null;
  const unchanged = { ...unchangedUpdate(order), ...reachedBy(order, observation) };
  const update = {
    ...unchanged,
    ...(ending !== null && { next_operation_id: null }),
    rewarded: rewardedBy(order, step, observation),
  };
  const answered_requests = answeredBy(order, step, observation, context);
  return {
    outcomes: ending === null ? [] : [outcomeOf(order, ending)],
    operations: step.action === 'send' && !step.repeated ? [step.operation] : [],
    drifts: findDrifts(charge, step, observation, context.found_by),
    updates: [
      whileRequested(
        order,
        {
          ...updateOf(step, { ...update, answered_requests }),
          audit: auditOfStep(order, step, context),
        },
        Math.max(answered_requests, context.seen_requests),
      ),
    ],
  };
}

/**
 * The rewarded that was observed last, also of money that another caller moved. Null: the row stays as it is. So it does
 * while the order counts as settled, as its rewarded equals its target then.
 */
function rewardedBy(
  order: ChargeOrder,
  step: Exclude<OrderStep, { action: 'noop' }>,
  observation: Observation,
): ChargeUpdate['rewarded'] {
  if (step.action === 'retry_now' || observation.outcome !== 'observed') return null;
  const { cashback } = observation;
  const stays = order.settled_revision === order.revision && !('reopened' in step && step.reopened);
  return stays || isOlder(cashback, order) ? null : formatAmounts(cashback.rewarded);
}

function isOlder({ epoch, version }: ObservedCashback, order: ChargeOrder): boolean {
  const { cashback_epoch, cashback_version } = order;
  const observed = { epoch: epoch ?? cashback_epoch, version };
  return compareVersions(observed, { epoch: cashback_epoch, version: cashback_version }) < 0;
}

function answeredBy(
  { answered_requests }: ChargeOrder,
  step: OrderStep,
  observation: Observation,
  { seen_requests }: StepWritesContext,
): number {
  // The observation decided nothing, or saw nothing.
  if (step.action === 'retry_now' || observation.outcome !== 'observed') return answered_requests;
  return Math.max(answered_requests, seen_requests);
}

/**
 * A request that came later keeps the order due: whatever ends now, it began to observe before. Those that came before
 * and stay open, as nothing was observed, leave the wait as it is: otherwise an outage would be polled without a pause.
 */
function whileRequested(
  { requests }: ChargeOrder,
  update: ChargeUpdate,
  begun_requests: number,
): ChargeUpdate {
  return requests > begun_requests ? { ...update, poll_in_ms: 0 } : update;
}

type Reached = Pick<ChargeUpdate, 'cashback_epoch' | 'cashback_version'>;

function reachedBy({ cashback_epoch }: ChargeOrder, observation: Observation): Reached {
  if (observation.outcome !== 'observed') return { cashback_epoch: null, cashback_version: null };
  const { epoch, version } = observation.cashback;
  return { cashback_epoch: epoch ?? cashback_epoch, cashback_version: version };
}

function updateOf(step: Exclude<OrderStep, { action: 'noop' }>, update: ChargeUpdate): ChargeUpdate {
  if (step.action === 'retry_now') return { ...update, poll_in_ms: 0 };
  const { waited_ms, answered_at } = step;
  const waited = { ...update, waited_ms, answered_at };
  if (step.action === 'settle') return { ...waited, settled: true, rewarded: step.rewarded, attention: null };
  const { reopened, wait_ms, heals } = step;
  const unsettled = { ...waited, ...heals, reopened, poll_in_ms: wait_ms };
  switch (step.action) {
    case 'send':
      return {
        ...unsettled,
        next_operation_id: step.operation.operation_id,
        attention: storable(step.attention),
      };
    case 'send_again':
    case 'need_attention':
      return { ...unsettled, attention: storable(step.attention) };
    case 'poll':
      return { ...unsettled, attention: null };
  }
}

function storable(attention: Attention | null): ChargeUpdate['attention'] {
  if (attention === null) return null;
  const { code, reason, details } = attention;
  return { code, reason: storableText(reason), details: storableDetails(details) };
}

/**
 * The rows of what an answer proves. Null when the operation is not the open one any more: another step has closed it
 * meanwhile, and knew more.
 */
export function answerWrites(
  order: ChargeOrder,
  { operation_id, cashback_epoch }: NewOperation,
  { ended, version, attention, attention_wait_ms }: Learned,
): OrderWrites | null {
  if (order.operation_id !== operation_id) return null;
  const unchanged = unchangedUpdate(order);
  const needed = attention === null ? unchanged.attention : storable(attention);
  const update: ChargeUpdate = {
    ...unchanged,
    next_operation_id: ended === null ? operation_id : null,
    ...(version !== null && { cashback_epoch, cashback_version: version }),
    attention: needed,
    poll_in_ms: needed === null ? 0 : attention_wait_ms,
  };
  const { rewarded } = order;
  return {
    outcomes: ended === null ? [] : [outcomeOf(order, { finished: { operation_id, ...ended }, rewarded })],
    operations: [],
    drifts: [],
    updates: [whileRequested(order, update, order.answered_requests)],
  };
}

/** True when the order's next step is due at once. */
export function isDueNow({ updates }: OrderWrites): boolean {
  return updates.some(({ poll_in_ms }) => poll_in_ms === 0);
}

type Ended = Pick<NewOperationOutcome, 'operation_id' | 'outcome' | 'reason'>;

function outcomeOf(
  { order_id }: ChargeOrder,
  { finished, rewarded }: { finished: Ended; rewarded: Ending['rewarded'] },
): NewOperationOutcome {
  const { operation_id, outcome, reason } = finished;
  return { order_id, operation_id, outcome, reason: reason && storableText(reason), rewarded };
}

/** Keeps the row as it is, but leaves the order without a time. */
function unchangedUpdate(order: ChargeOrder): ChargeUpdate {
  const { order_id, revision, operation_id, waited_ms, answered_at, heals, healed_since } = order;
  const { answered_requests } = order;
  const { attention, attention_code: code, attention_details: details } = order;
  return {
    order_id,
    revision,
    operation_id,
    next_operation_id: operation_id,
    settled: false,
    reopened: false,
    rewarded: null,
    cashback_epoch: null,
    cashback_version: null,
    attention: attention === null ? null : { code, reason: attention, details },
    waited_ms,
    answered_at,
    heals,
    healed_since,
    audit: null,
    answered_requests,
    poll_in_ms: null,
  };
}
