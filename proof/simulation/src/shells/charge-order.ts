import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import { parseAmounts } from '@cashback/contract';
import { type AnswerDecision, type UpdateAnswer, overdueReason } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import type { Observation, Step, StepContext } from '@cashback/worker/decisions';
import { type Flow, atomically, call } from '../engine/flow.ts';
import type { OrderRow } from '../tables.ts';
import type { World } from '../world.ts';
import { leasePoll, setPoll } from './plan-poll.ts';
import { describeAmounts, targetOf } from './register.ts';
import { retrieveCashback } from './retrieve-cashback.ts';
import { updateCashback } from './update-cashback.ts';

const CONTEXT: StepContext = {
  limits: {
    poll_base_ms: 1_000,
    poll_max_ms: 30_000,
    in_flight_poll_ms: 10_000,
    failure_base_ms: 5_000,
    failure_max_ms: 60_000,
    max_failures: 4,
    attention_after_ms: 600_000,
  },
  downtime_ms: 0,
};
/** One in so many jobs takes so long that its order is handed over. */
const HANDED_OVER_ONE_OF = 4;
const WAITS_MS = [5_000, 500, 1_000, 30_000];

interface Sending {
  order: ChargeOrder;
  operation: NewOperation;
  repeated: boolean;
}

/** A job of `cashback_charge_processing`: it is done when its order is a step on, or stands to be polled. */
export function* chargeJob(world: World, orderId: string): Flow<void> {
  const seen = yield* atomically(`load ${orderId}`, () => loadCharge(world, orderId).order);
  if (world.decisions.worker.isAtRest(seen)) return;
  if (world.engine.choices.below(HANDED_OVER_ONE_OF) < HANDED_OVER_ONE_OF - 1) {
    yield* chargeOrder(world, seen);
    return;
  }
  world.engine.spawn('worker', `charge ${orderId}`, chargeOrder(world, seen));
  yield* atomically(`hand ${orderId} over`, () => leasePoll(world, orderId));
}

/** Brings an order one step on. */
export function* chargeOrder(world: World, seen: ChargeOrder): Flow<void> {
  const orderId = seen.order_id;
  const observation = yield* observe(world, orderId);
  const sending = yield* world.decisions.database.reconcile(
    `decide on ${orderId}`,
    () => loadCharge(world, orderId),
    (charge) => apply(world, seen, observation, charge),
  );
  if (sending !== null) yield* send(world, sending);
}

function* observe(world: World, orderId: string): Flow<Observation> {
  const found = yield* call('transactions', `retrieve ${orderId}`, () => retrieveCashback(world, orderId));
  if (found !== null) return { outcome: 'observed', cashback: found };
  const about = { upstream: 'transactions', method: 'POST', url: '/v2/invoice/retrieve' };
  const error = new HttpCallError('no answer', { ...about, outcome: 'unknown', code: 'TIMEOUT' });
  return { outcome: 'unreachable', error, sent: true };
}

/** The order as it is now, and all that decides about it. */
export function loadCharge({ engine, tables }: World, orderId: string): Charge {
  const row = rowOf(tables.orders, orderId);
  const order: ChargeOrder = {
    ...row,
    unsettled_since: new Date(row.unsettled_since),
    now: new Date(engine.now()),
  };
  const ended = [...tables.outcomes].filter(
    ([id, { order_id, at }]) =>
      order_id === orderId &&
      at >= row.unsettled_since &&
      rowOf(tables.operations, id).revision === row.revision,
  );
  const count = (wanted: string): number => ended.filter(([, { outcome }]) => outcome === wanted).length;
  return {
    order,
    target: targetOf(tables.events, orderId),
    operation: row.operation_id === null ? null : rowOf(tables.operations, row.operation_id),
    attempts: {
      failed: count('failed'),
      applied: count('applied'),
      rejected: count('rejected'),
      last_at: ended.length === 0 ? null : new Date(Math.max(...ended.map(([, { at }]) => at))),
    },
  };
}

/** Writes a step as `applyDecisions` does. Returns the operation whose request may leave now. */
function apply(world: World, seen: ChargeOrder, observation: Observation, charge: Charge): Sending | null {
  const { bug, engine, tables, decisions } = world;
  const { order } = charge;
  const step = renamed(world, decisions.worker.decideStep(seen, observation, charge, CONTEXT));
  engine.note(`worker: ${order.order_id} at revision ${order.revision}: ${describe(step)}`);
  if (step.action === 'rest') return null;
  const row = rowOf(tables.orders, order.order_id);
  if (observation.outcome === 'observed') noteVersion(row, observation.cashback.version);
  if (step.action === 'look_again') {
    setPoll(world, row, 0);
    return null;
  }
  if (step.ending !== null) {
    const { operation_id, outcome } = step.ending.finished;
    addOutcome(world, row, operation_id, outcome);
    row.operation_id = null;
    row.rewarded = step.ending.rewarded;
  }
  // However long it waits: it must make no difference.
  const wait_ms = WAITS_MS[engine.choices.below(WAITS_MS.length)] ?? 0;
  if (step.action === 'settle') {
    row.settled_revision = row.revision;
    row.rewarded = step.rewarded;
    row.attention = null;
  }
  if (step.action === 'need_attention') row.attention = step.reason;
  if (step.action === 'send') {
    if (!step.repeated) tables.operations.set(step.operation.operation_id, step.operation);
    row.operation_id = step.operation.operation_id;
  }
  const isPolled = step.action === 'poll' || (step.action === 'send' && order.attention === null);
  setPoll(world, row, isPolled ? wait_ms : null);
  if (step.action !== 'send') return null;
  const { operation, repeated } = step;
  if (bug === 'new_operation_id_on_retry' && repeated) {
    return { order, operation: { ...operation, operation_id: world.nextId('operation') }, repeated };
  }
  return { order, operation, repeated };
}

/** The same run gives the same ids. */
function renamed(world: World, step: Step): Step {
  if (step.action !== 'send' || step.repeated) return step;
  return { ...step, operation: { ...step.operation, operation_id: world.nextId('operation') } };
}

function addOutcome(
  { engine, tables }: World,
  { order_id, operation_id: open }: OrderRow,
  operationId: string,
  outcome: 'applied' | 'failed' | 'rejected',
): void {
  if (open !== operationId || tables.outcomes.has(operationId)) {
    throw new Error(`${operationId} is ended as ${outcome} and is not the open operation of ${order_id}`);
  }
  tables.outcomes.set(operationId, { order_id, outcome, at: engine.now() });
}

/** As `sendOperation`: what settles its end for good is recorded, and without an answer it is asked about sooner. */
function* send(world: World, { order, operation, repeated }: Sending): Flow<void> {
  const { operation_id, order_id } = operation;
  const answer = yield* call('transactions', `update ${operation_id}`, () =>
    updateCashback(world, operation),
  );
  const heard: UpdateAnswer = answer ?? { kind: 'unknown', message: 'no answer' };
  const decision = world.decisions.worker.decideAnswer(heard, {
    repeated,
    overdue: overdueReason({ ...order, ...CONTEXT }, CONTEXT.limits),
  });
  world.engine.note(`worker: ${operation_id} was answered: ${describeAnswer(heard)}, so ${decision.action}`);
  if (decision.action === 'poll') return;
  if (decision.action === 'repeat') {
    yield* atomically(`hasten the next look at ${order_id}`, () => hasten(world, operation));
    return;
  }
  if (decision.action === 'finished') {
    const observation = yield* observe(world, order_id);
    if (observation.outcome !== 'observed') return;
    if (observation.cashback.operations.some((listed) => listed.operation_id === operation_id)) return;
  }
  yield* atomically(`record the answer to ${operation_id}`, () => recordAnswer(world, operation, decision));
}

function hasten(world: World, { order_id, operation_id }: NewOperation): void {
  const { engine, tables } = world;
  const row = rowOf(tables.orders, order_id);
  if (row.operation_id !== operation_id || row.poll_at === null) return;
  const at = engine.now() + CONTEXT.limits.poll_base_ms;
  if (at < row.poll_at) setPoll(world, row, CONTEXT.limits.poll_base_ms);
}

type Learned = Exclude<AnswerDecision, { action: 'poll' | 'repeat' }>;

function recordAnswer(
  world: World,
  { order_id, operation_id, version }: NewOperation,
  learned: Learned,
): void {
  const row = rowOf(world.tables.orders, order_id);
  if (row.operation_id !== operation_id) return;
  if (learned.action === 'finished') {
    addOutcome(world, row, operation_id, learned.outcome);
    noteVersion(row, version + 1);
    row.operation_id = null;
  } else if (learned.action === 'rejected' || learned.rejected) {
    addOutcome(world, row, operation_id, 'rejected');
    row.operation_id = null;
  }
  if (learned.action === 'needs_attention') row.attention = learned.reason;
  setPoll(world, row, row.attention === null ? 0 : null);
}

function noteVersion(row: OrderRow, version: number): void {
  row.cashback_version = Math.max(row.cashback_version, version);
}

function rowOf<Row>(rows: ReadonlyMap<string, Row>, id: string): Row {
  const row = rows.get(id);
  if (row === undefined) throw new Error(`${id} is not there`);
  return row;
}

function describe(step: Step): string {
  const ending = 'ending' in step ? step.ending : null;
  const ended = ending === null ? '' : `${ending.finished.operation_id} ${ending.finished.outcome}, `;
  if (step.action !== 'send') return `${ended}${step.action}`;
  const { operation_id, version, reward } = step.operation;
  const how = step.repeated ? 'repeat' : 'send';
  return `${ended}${how} ${operation_id} for version ${version}: ${describeAmounts(parseAmounts(reward))}`;
}

function describeAnswer(answer: UpdateAnswer): string {
  return answer.kind === 'refused' ? answer.code : answer.kind;
}
