import {
  chargeQueue,
  findOrders,
  insertEvents,
  insertOrders,
  loadOrders,
  resumeOrders,
  updateOrders,
} from '@cashback/cashback-db';
import type { CashbackError, RegisterInput, RegisterOutput } from '@cashback/contract';
import type { Jobs, Transaction } from '@cashback/postgres';
import { type DecidedCall, decideCall, decideLocked, isLockable } from './decide-call.ts';
import type { BreakerBounds } from './decide-holds.ts';
import { holdGrowth } from './hold-growth.ts';
import { answerOf } from './register-answer.ts';
import { newOrderOf, writesOf } from './register-writes.ts';

/**
 * Registers a set of calls, each for another order, in one transaction: lock, load, decide, apply, enqueue. The
 * results stand in the order of the calls. A refused call writes nothing and fails none of the others.
 */
export async function registerOrders(
  tx: Transaction,
  jobs: Jobs,
  inputs: readonly RegisterInput[],
  breaker: BreakerBounds = {},
): Promise<(RegisterOutput | CashbackError)[]> {
  assertDistinct(inputs);
  const decided = await lockAndDecide(tx, inputs);
  const writes = decided.map(writesOf);
  await updateOrders(tx, present(writes.map(({ update }) => update)));
  await resumeOrders(tx, present(writes.map(({ resume }) => resume)), { by_person: false });
  await insertEvents(
    tx,
    writes.flatMap(({ events }) => events),
  );
  const charges = present(writes.map(({ job }) => job));
  if (charges.length > 0) await jobs.enqueue(chargeQueue, charges, tx);
  await holdGrowth(tx, decided, breaker);
  return decided.map(answerOf);
}

/** Writes the orders that are new and locks those that exist, then decides on what is stored. */
async function lockAndDecide(tx: Transaction, inputs: readonly RegisterInput[]): Promise<DecidedCall[]> {
  const first = inputs.map((input) => decideCall(input, null));

  const later = first.filter((call) => !isLockable(call, false));
  const known = await findOrders(
    tx.client,
    later.map(({ input }) => input.order_id),
  );
  const lockable = first.filter((call) => isLockable(call, known.has(call.input.order_id)));
  const created = await insertOrders(tx, lockable.map(newOrderOf));

  // A separate statement, which sees what was committed while the locking one waited.
  const locked = lockable.map(({ input }) => input.order_id).filter((orderId) => !created.has(orderId));
  const stored = await loadOrders(tx, locked);
  return first.map((call) => {
    const { order_id } = call.input;
    return decideLocked(call, stored.get(order_id) ?? null, created.has(order_id));
  });
}

function present<Value>(values: readonly (Value | null)[]): Value[] {
  return values.filter((value) => value !== null);
}

function assertDistinct(inputs: readonly RegisterInput[]): void {
  const orderIds = new Set(inputs.map(({ order_id }) => order_id));
  if (orderIds.size !== inputs.length) throw new Error('registerOrders takes each order once');
}
