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
import type { BreakerBounds } from './decide-holds.ts';
import { holdGrowth } from './hold-growth.ts';
import { type LockPlan, type LockedOrders, planLocks, planRegisters, rowsToLock } from './plan-registers.ts';

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
  const locks = planLocks(inputs);
  const plan = planRegisters(locks, await lockOrders(tx, locks), breaker);
  await updateOrders(tx, plan.updates);
  await resumeOrders(tx, plan.resumes, { by_person: false });
  await insertEvents(tx, plan.events);
  if (plan.jobs.length > 0) await jobs.enqueue(chargeQueue, plan.jobs, tx);
  await holdGrowth(tx, plan.growing);
  return plan.answers;
}

/** Writes the orders that are new, and locks and loads those that exist. */
async function lockOrders(tx: Transaction, locks: LockPlan): Promise<LockedOrders> {
  const rows = rowsToLock(locks, await findOrders(tx.client, locks.if_known));
  const created = await insertOrders(tx, rows);
  // A separate statement, which sees what was committed while the locking one waited.
  const locked = rows.map(({ order_id }) => order_id).filter((orderId) => !created.has(orderId));
  return { created, stored: await loadOrders(tx, locked) };
}

function assertDistinct(inputs: readonly RegisterInput[]): void {
  const orderIds = new Set(inputs.map(({ order_id }) => order_id));
  if (orderIds.size !== inputs.length) throw new Error('registerOrders takes each order once');
}
