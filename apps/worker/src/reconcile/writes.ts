import type { ChargeOrder, ChargeUpdate, NewOperation, NewOperationOutcome } from '@cashback/cashback-db';
import { storableText } from '@cashback/postgres';
import type { Learned } from './decide-follow-up.ts';
import type { Ending, Step } from './decide-step.ts';
import type { Observation } from './observe-invoice.ts';

/** All rows that one decision leaves for its order, written in one transaction. */
export interface OrderWrites {
  outcomes: NewOperationOutcome[];
  operations: NewOperation[];
  updates: ChargeUpdate[];
}

/** An operation whose request may leave, once its intent and the time of the next poll are committed. */
export interface Sending {
  order: ChargeOrder;
  operation: NewOperation;
  /** An earlier request of this operation may have arrived. */
  repeated: boolean;
}

const NO_WRITES: OrderWrites = { outcomes: [], operations: [], updates: [] };

/** The rows of a step. The time of the next poll is written with the step itself, so no crash in between can lose it. */
export function stepWrites(order: ChargeOrder, step: Step, observation: Observation): OrderWrites {
  if (step.action === 'noop') return NO_WRITES;
  const ending = 'ending' in step ? step.ending : null;
  const unchanged = { ...unchangedUpdate(order), ...reachedBy(order, observation) };
  const update =
    ending === null ? unchanged : { ...unchanged, next_operation_id: null, rewarded: ending.rewarded };
  return {
    outcomes: ending === null ? [] : [outcomeOf(order, ending)],
    operations: step.action === 'send' && !step.repeated ? [step.operation] : [],
    updates: [updateOf(order, step, update)],
  };
}

type Reached = Pick<ChargeUpdate, 'cashback_epoch' | 'cashback_version'>;

function reachedBy({ cashback_epoch }: ChargeOrder, observation: Observation): Reached {
  if (observation.outcome !== 'observed') return { cashback_epoch: null, cashback_version: null };
  const { epoch, version } = observation.cashback;
  return { cashback_epoch: epoch ?? cashback_epoch, cashback_version: version };
}

function updateOf(
  { attention }: ChargeOrder,
  step: Exclude<Step, { action: 'noop' }>,
  update: ChargeUpdate,
): ChargeUpdate {
  switch (step.action) {
    case 'settle':
      return { ...update, settled: true, rewarded: step.rewarded, attention: null };
    case 'send': {
      const { operation_id } = step.operation;
      // An order that needs attention is not polled, even when its open operation is repeated.
      return {
        ...update,
        next_operation_id: operation_id,
        poll_in_ms: attention === null ? step.wait_ms : null,
      };
    }
    case 'need_attention':
      return { ...update, attention: storableText(step.reason) };
    case 'poll':
      return { ...update, poll_in_ms: step.wait_ms };
    case 'retry_now':
      return { ...update, poll_in_ms: 0 };
  }
}

/** What may be sent after the commit; null when the step sends nothing. */
export function sendingOf(order: ChargeOrder, step: Step): Sending | null {
  return step.action === 'send' ? { order, operation: step.operation, repeated: step.repeated } : null;
}

/**
 * The rows of what an answer proves. Null when the operation is not the open one any more: another step has closed it
 * meanwhile, and knew more.
 */
export function answerWrites(
  order: ChargeOrder,
  { operation_id, cashback_epoch, version }: NewOperation,
  { ended, attention }: Learned,
): OrderWrites | null {
  if (order.operation_id !== operation_id) return null;
  const needed = attention === null ? order.attention : storableText(attention);
  const update: ChargeUpdate = {
    ...unchangedUpdate(order),
    next_operation_id: ended === null ? operation_id : null,
    // An accepted operation took the invoice beyond the version that it was sent with.
    ...(ended !== null && ended.outcome !== 'rejected' && { cashback_epoch, cashback_version: version + 1 }),
    attention: needed,
    poll_in_ms: needed === null ? 0 : null,
  };
  const { rewarded } = order;
  return {
    outcomes: ended === null ? [] : [outcomeOf(order, { finished: { operation_id, ...ended }, rewarded })],
    operations: [],
    updates: [update],
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
function unchangedUpdate({ order_id, revision, operation_id, attention }: ChargeOrder): ChargeUpdate {
  return {
    order_id,
    revision,
    operation_id,
    next_operation_id: operation_id,
    settled: false,
    rewarded: null,
    cashback_epoch: null,
    cashback_version: null,
    attention,
    poll_in_ms: null,
  };
}
