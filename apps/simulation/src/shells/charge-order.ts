import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import { vectorOfAmounts } from '@cashback/contract';
import { type UpdateAnswer, decideAnswer } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import { type Step, decideStep, isAtRest, type Observation } from '@cashback/worker/decisions';
import { type Flow, atomically, call } from '../engine/flow.ts';
import type { OrderRow } from '../tables.ts';
import type { World } from '../world.ts';
import { describeVector, targetOf } from './register.ts';
import { retrieveCashback } from './retrieve-cashback.ts';
import { updateCashback } from './update-cashback.ts';

const CHARGE_LIMITS = {
  poll_base_ms: 1_000,
  poll_max_ms: 30_000,
  failure_base_ms: 5_000,
  failure_max_ms: 60_000,
  max_failures: 4,
  attention_after_ms: 600_000,
};
const MAX_REJECTIONS_AT_ONCE = 3;
const WAITS_MS = [5_000, 500, 1_000, 30_000];

/** `cashback_charge_processing` for one order */
export function* chargeJob(world: World, orderId: string): Flow<void> {
  const seen = yield* atomically(`load ${orderId}`, () => loadCharge(world, orderId).order);
  if (isAtRest(seen)) return;
  const observation = yield* observe(world, orderId);
  let target: Charge['target'] | null = null;
  if (world.bug === 'lock_and_read_in_one_statement') {
    target = yield* atomically('wait for the lock', () => targetOf(world.tables.events, orderId));
  }
  const operation = yield* atomically(`decide on ${orderId}`, () => {
    const charge = loadCharge(world, orderId);
    return apply(world, seen, observation, target === null ? charge : { ...charge, target });
  });
  if (operation === null) return;
  const answer = yield* call('transactions', `update ${operation.operation_id}`, () =>
    updateCashback(world, operation),
  );
  yield* atomically(`record the answer to ${operation.operation_id}`, () =>
    recordAnswer(world, operation, answer ?? { kind: 'unknown', message: 'no answer' }),
  );
}

function* observe(world: World, orderId: string): Flow<Observation> {
  const found = yield* call('transactions', `retrieve ${orderId}`, () => retrieveCashback(world, orderId));
  if (found !== null) return { outcome: 'observed', cashback: found };
  const about = { upstream: 'transactions', method: 'POST', url: '/v2/invoice/retrieve' };
  const error = new HttpCallError('no answer', { ...about, outcome: 'unknown', code: 'TIMEOUT' });
  return { outcome: 'unreachable', error };
}

function loadCharge({ bug, engine, tables }: World, orderId: string): Charge {
  const row = rowOf(tables.orders, orderId);
  const order: ChargeOrder = {
    ...row,
    unsettled_since: new Date(row.unsettled_since),
    now: new Date(engine.now()),
  };
  const all = [...tables.outcomes].flatMap(([id, { order_id, outcome, at }]) =>
    order_id === orderId ? [{ outcome, at, sent: rowOf(tables.operations, id) }] : [],
  );
  const ended = all.filter(({ sent }) => sent.revision === row.revision);
  const failed = ended.filter(({ outcome, at }) => outcome === 'failed' && at >= row.unsettled_since);
  const accepted = all.filter(({ outcome }) => outcome !== 'rejected');
  return {
    order,
    target: targetOf(tables.events, orderId),
    operation: row.operation_id === null ? null : rowOf(tables.operations, row.operation_id),
    ended: {
      failed: failed.length,
      failed_at: failed.length === 0 ? null : new Date(Math.max(...failed.map(({ at }) => at))),
      rejected: ended.filter(({ outcome }) => outcome === 'rejected').length,
      version:
        accepted.length === 0 || bug === 'past_is_present'
          ? null
          : Math.max(...accepted.map(({ sent }) => sent.version)),
    },
  };
}

/** Writes a step as `applyDecisions` does. Returns the operation whose request may leave now. */
function apply(
  world: World,
  seen: ChargeOrder,
  observation: Observation,
  charge: Charge,
): NewOperation | null {
  const { bug, engine, tables, charges } = world;
  const { order_id, attention } = charge.order;
  const decided = renamed(world, decideStep(seen, observation, charge, CHARGE_LIMITS));
  const step = bug === 'settle_on_stale_poll' ? settled(decided, observation, charge) : decided;
  engine.note(`worker: ${order_id} at revision ${charge.order.revision}: ${describe(step)}`);
  if (step.action === 'rest') return null;
  if (step.action === 'look_again') {
    charges.enqueue(order_id, order_id);
    return null;
  }
  const row = rowOf(tables.orders, order_id);
  if (step.ending !== null) {
    const { operation_id, outcome } = step.ending.finished;
    addOutcome(world, row, operation_id, outcome);
    row.operation_id = null;
    row.rewarded = step.ending.rewarded;
  }
  // However long it waits: it must make no difference.
  const wait_ms = WAITS_MS[engine.choices.below(WAITS_MS.length)] ?? 0;
  row.next_charge_at = engine.now() + ('wait_ms' in step ? wait_ms : 0);
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
  if ((step.action === 'poll' || step.action === 'send') && attention === null) {
    charges.enqueue(`${order_id}#poll`, order_id, wait_ms);
  }
  if (step.action !== 'send') return null;
  if (bug === 'new_operation_id_on_retry' && step.repeated) {
    return { ...step.operation, operation_id: world.nextId('operation') };
  }
  return step.operation;
}

/** The planted mistake: `success` is taken for the success of the open operation. */
function settled(step: Step, observation: Observation, { operation }: Charge): Step {
  if (observation.outcome !== 'observed' || observation.cashback.status !== 'success') return step;
  if (operation === null || (step.action !== 'send' && step.action !== 'poll')) return step;
  const finished = { operation_id: operation.operation_id, outcome: 'applied' as const, reason: null };
  return { action: 'settle', ending: { finished, rewarded: operation.reward }, rewarded: operation.reward };
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

function recordAnswer(world: World, { order_id, operation_id }: NewOperation, answer: UpdateAnswer): void {
  const decision = decideAnswer(answer);
  world.engine.note(`worker: ${operation_id} was answered: ${describeAnswer(answer)}, so ${decision.action}`);
  if (decision.action === 'poll' || decision.action === 'repeat') return;
  const row = rowOf(world.tables.orders, order_id);
  if (row.operation_id !== operation_id) return;
  const { ended } = loadCharge(world, order_id);
  if (decision.action === 'rejected' || decision.rejected) {
    addOutcome(world, row, operation_id, 'rejected');
    row.operation_id = null;
  }
  if (decision.action === 'needs_attention') row.attention = decision.reason;
  row.next_charge_at = world.engine.now();
  if (row.attention === null && ended.rejected < MAX_REJECTIONS_AT_ONCE) {
    world.charges.enqueue(order_id, order_id);
  }
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
  return `${ended}${how} ${operation_id} for version ${version}: ${describeVector(vectorOfAmounts(reward))}`;
}

function describeAnswer(answer: UpdateAnswer): string {
  return answer.kind === 'refused' ? answer.code : answer.kind;
}
