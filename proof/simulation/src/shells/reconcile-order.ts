import type { Charge, ChargeOrder } from '@cashback/cashback-db';
import { formatAmount, formatValues, parseAmounts } from '@cashback/contract';
import { type DriftFinder, type UpdateAnswer, attemptsToRead } from '@cashback/core';
import type { Invoice } from '@cashback/wire';
import type {
  FollowUp,
  Observation,
  Observed,
  OrderStep,
  Sending,
  StepContext,
} from '@cashback/worker/decisions';
import { describeAmounts } from '../describe-amounts.ts';
import { type Flow, atomically } from '../engine/flow.ts';
import { rowOf } from '../rows.ts';
import type { World } from '../world.ts';
import { applyTimes, applyWrites } from './apply-writes.ts';
import { AUDITS } from './audit-orders.ts';
import { callOverHttp } from './call-over-http.ts';
import { loadTarget } from './load-target.ts';
import { type AppRelease, readBy, takeAppRelease } from './app-release.ts';
import { retrieveInvoice } from './transactions/retrieve-invoice.ts';
import { updateCashback } from './transactions/update-cashback.ts';

export const LIMITS = {
  poll_base_ms: 500,
  failure_base_ms: 5_000,
  failure_max_ms: 60_000,
  max_failures: 4,
  attention_after_ms: 600_000,
  attention_poll_ms: 60_000,
  attention_poll_max_ms: 600_000,
};
/** Wait for an operation that was sent, and the longest wait. */
const WAITS_MS = [
  [10_000, 30_000],
  [500, 500],
  [1_000, 1_000],
  [30_000, 30_000],
] as const;
export const LEASE_MS = 30_000;
/** One of this many jobs takes so long that its order is leased. */
const SLOW_ONE_OF = 4;
const JITTER_STEPS = 4;

/** A job of `cashback_charge_processing`: it ends when its order is one step further, or has a time of its own. */
export function* chargeJob(world: World, orderId: string): Flow<void> {
  const { engine, decisions } = world;
  const seen = yield* atomically(`load ${orderId}`, () => loadOrder(world, orderId));
  if (engine.choices.below(SLOW_ONE_OF) < SLOW_ONE_OF - 1) {
    yield* reconcileOrder(world, seen, 'job');
    return;
  }
  engine.spawn('worker', `reconcile ${orderId}`, reconcileOrder(world, seen, 'job'));
  yield* atomically(`lease ${orderId}`, () => {
    const row = rowOf(world.tables.orders, orderId);
    applyTimes(world, row, decisions.worker.leasedTimes(row, LEASE_MS, engine.now()));
  });
}

/** One step of an order, as the worker's reconciler takes it. */
export function* reconcileOrder(world: World, seen: ChargeOrder, found_by: DriftFinder): Flow<void> {
  const orderId = seen.order_id;
  const appRelease = takeAppRelease(world);
  const observation = yield* observe(world, seen, appRelease);
  const sending = yield* world.decisions.database.reconcile(
    `decide on ${orderId}`,
    () => loadCharge(world, orderId, appRelease),
    (charge) => applyStep(world, { order: seen, observation, found_by }, charge, appRelease),
  );
  if (sending !== null) yield* send(world, sending, appRelease);
}

function* observe(world: World, order: ChargeOrder, appRelease: AppRelease): Flow<Observation> {
  const { observationOf, retrieveAnswerOf } = world.decisions.worker;
  const { order_id } = order;
  const result = yield* callOverHttp(world, 'transactions', `retrieve ${order_id}`, () =>
    retrieveInvoice(world, order_id),
  );
  return observationOf(
    order,
    retrieveAnswerOf('body' in result ? { body: asRead(result.body, appRelease) } : result),
  );
}

function asRead(invoice: Invoice, appRelease: AppRelease): Invoice {
  const { rewarded, operations, ...cashback } = invoice.cashback;
  return {
    ...invoice,
    cashback: {
      ...cashback,
      rewarded: readBy(appRelease, rewarded),
      operations: operations.map((one) => ({ ...one, reward: readBy(appRelease, one.reward) })),
    },
  };
}

/** The order as it is now, and everything that its next step is decided on. */
function loadCharge(world: World, orderId: string, appRelease: AppRelease): Charge {
  const { tables, decisions } = world;
  const row = rowOf(tables.orders, orderId);
  const sent = [...tables.operations.values()]
    .filter(({ order_id }) => order_id === orderId)
    .map((operation) => {
      const { outcome, at } = tables.outcomes.get(operation.operation_id) ?? {};
      return { ...operation, outcome: outcome ?? null, ended_at: at === undefined ? null : new Date(at) };
    });
  const charge = decisions.worker.chargeOf(loadOrder(world, orderId), {
    cashback_sum: formatAmount(row.cashback_sum),
    newest: readBy(appRelease, formatValues(loadTarget(world, orderId))),
    operation: row.operation_id === null ? null : rowOf(tables.operations, row.operation_id),
    ended: decisions.worker.endedToLoad(sent, attemptsToRead(LIMITS)),
  });
  const operations = sent.map(({ ended_at: _ended_at, created_at, ...row }) => {
    const { rewarded = null } = tables.outcomes.get(row.operation_id) ?? {};
    return decisions.worker.pastOperationOf({ ...row, rewarded, created_at: new Date(created_at) });
  });
  return { ...charge, past: { operations, has_older: false, restored_at: momentOf(world.restored_at) } };
}

export function loadOrder({ engine, tables, decisions }: World, orderId: string): ChargeOrder {
  const row = rowOf(tables.orders, orderId);
  return {
    ...row,
    hold: decisions.server.holdOf(row),
    unsettled_since: new Date(row.unsettled_since),
    attention_since: momentOf(row.attention_since),
    answered_at: momentOf(row.answered_at),
    healed_since: momentOf(row.healed_since),
    audit_at: momentOf(row.audit_at),
    now: new Date(engine.now()),
  };
}

function momentOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

function applyStep(world: World, observed: Observed, charge: Charge, appRelease: AppRelease): Sending | null {
  const { engine, decisions } = world;
  const { order_id, revision } = charge.order;
  const context = { step: contextOf(world), audit: AUDITS };
  const { step, writes, sending } = decisions.worker.planStep(observed, charge, context);
  engine.note(`worker: ${order_id} at revision ${revision}: ${describe(step)}`);
  applyWrites(world, writes, appRelease);
  return sending;
}

function* send(world: World, sending: Sending, appRelease: AppRelease): Flow<void> {
  const { engine, decisions } = world;
  const { operation, history } = sending;
  const { operation_id, order_id } = operation;
  const { updateAnswerOf, updateBodyOf } = decisions.worker;
  const result = yield* callOverHttp(world, 'transactions', `update ${operation_id}`, () =>
    updateCashback(world, updateBodyOf(operation, history)),
  );
  const answer = updateAnswerOf(operation, result);
  const followUp = yield* decideAfter(world, sending, answer, appRelease);
  engine.note(`worker: ${operation_id} was answered: ${describeAnswer(answer)}, so ${followUp.action}`);
  if (followUp.action === 'expedite') {
    const { poll } = followUp;
    yield* atomically(`expedite the poll of ${order_id}`, () => {
      const row = rowOf(world.tables.orders, order_id);
      applyTimes(world, row, decisions.worker.expeditedTimes(row, poll, engine.now()));
    });
  }
  if (followUp.action === 'record') {
    yield* atomically(`record the answer to ${operation_id}`, () => {
      const writes = decisions.worker.answerWrites(loadOrder(world, order_id), operation, followUp.learned);
      if (writes !== null) applyWrites(world, writes, appRelease);
    });
  }
}

function* decideAfter(
  world: World,
  sending: Sending,
  answer: UpdateAnswer,
  appRelease: AppRelease,
): Flow<FollowUp> {
  const { afterObserving, decideFollowUp } = world.decisions.worker;
  const followUp = decideFollowUp(sending, answer, contextOf(world));
  if (followUp.action !== 'observe') return followUp;
  return afterObserving(sending, followUp.learned, yield* observe(world, sending.order, appRelease));
}

/** The same choices give the same ids and waits. Waits vary more than jitter makes them: they must make no difference. */
function contextOf({ engine }: World): StepContext {
  const [in_flight_poll_ms, poll_max_ms] = WAITS_MS[engine.choices.below(WAITS_MS.length)] ?? [0, 0];
  return {
    limits: { ...LIMITS, in_flight_poll_ms, poll_max_ms },
    random: () => engine.choices.below(JITTER_STEPS) / JITTER_STEPS,
  };
}

function describe(step: OrderStep): string {
  const ending = 'ending' in step ? step.ending : null;
  const ended = ending === null ? '' : `${ending.finished.operation_id} ${ending.finished.outcome}, `;
  if (step.action !== 'send' && step.action !== 'send_again') return `${ended}${step.action}`;
  const { operation_id, version, reward } = step.operation;
  const how = step.action === 'send_again' ? 'send again' : step.repeated ? 'repeat' : 'send';
  return `${ended}${how} ${operation_id} for version ${version}: ${describeAmounts(parseAmounts(reward))}`;
}

function describeAnswer(answer: UpdateAnswer): string {
  return answer.kind === 'refused' ? answer.code : answer.kind;
}
