import {
  chargeKey,
  chargeQueue,
  findOrders,
  insertEvents,
  insertOrders,
  loadOrders,
  resumeOrders,
  updateOrders,
} from '@cashback/cashback-db';
import type { CashbackError, RegisterInput, RegisterOutput } from '@cashback/contract';
import { decideRegister } from '@cashback/core';
import type { Jobs, Transaction } from '@cashback/postgres';
import {
  type Decided,
  answerOf,
  eventsOf,
  newOrderOf,
  registrationOf,
  resumedOf,
  updateOf,
} from './register-writes.ts';

/**
 * Registers a set of calls, each for another order, in one transaction: lock, load, decide, write, enqueue. The
 * results stand in the order of the calls; a call that is refused writes nothing and fails none of the others.
 */
export async function registerOrders(
  tx: Transaction,
  jobs: Jobs,
  inputs: readonly RegisterInput[],
): Promise<(RegisterOutput | CashbackError)[]> {
  const calls = inputs.map((input) => {
    const registration = registrationOf(input);
    return { input, registration, first: decideRegister(null, registration) };
  });
  assertDistinct(inputs);

  // A call that cannot be an order's first one must not make its row: its order is looked for, then locked.
  const later = calls.filter(({ first }) => first.outcome === 'refused');
  const known = await findOrders(
    tx.client,
    later.map(({ input }) => input.order_id),
  );
  const lockable = calls.filter(
    ({ input, first }) => first.outcome === 'registered' || known.has(input.order_id),
  );
  const created = await insertOrders(
    tx,
    lockable.map(({ input, first }) => newOrderOf(input, first)),
  );

  // Another statement than the one that locks: it sees what was committed while that one waited.
  const locked = lockable.map(({ input }) => input.order_id).filter((orderId) => !created.has(orderId));
  const stored = await loadOrders(tx, locked);
  const decided = calls.map(({ input, registration, first }): Decided => {
    const order = stored.get(input.order_id);
    if (order !== undefined) return { input, stored: order, decision: decideRegister(order, registration) };
    if (first.outcome !== 'refused' && !created.has(input.order_id)) {
      throw new Error(`order ${input.order_id} was neither written nor found`);
    }
    return { input, stored: null, decision: first };
  });

  await updateOrders(tx, decided.flatMap(updateOf));
  await resumeOrders(tx, decided.flatMap(resumedOf));
  await insertEvents(tx, decided.flatMap(eventsOf));
  await enqueueCharges(tx, jobs, decided);
  return decided.map(answerOf);
}

/** Also for what changes nothing: a call that is repeated after a lost answer may find the work not yet queued. */
async function enqueueCharges(tx: Transaction, jobs: Jobs, decided: readonly Decided[]): Promise<void> {
  const orderIds = decided
    .filter(({ decision }) => decision.outcome !== 'refused')
    .map(({ input }) => input.order_id);
  if (orderIds.length === 0) return;
  const charges = orderIds.map((order_id) => ({ key: chargeKey(order_id), payload: { order_id } }));
  await jobs.enqueue(chargeQueue, charges, tx);
}

function assertDistinct(inputs: readonly RegisterInput[]): void {
  const orderIds = new Set(inputs.map(({ order_id }) => order_id));
  if (orderIds.size !== inputs.length) throw new Error('registerOrders takes each order once');
}
