import { type ChargeOrder, loadCharges, loadPast, lockOrders } from '@cashback/cashback-db';
import { attemptsToRead } from '@cashback/core';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import { applyWrites } from './apply-writes.ts';
import { type Observed, type StepPlan, planStep } from './plan-step.ts';
import { reportSteps } from './report-steps.ts';

export interface Applied extends StepPlan {
  /** As it is under its lock. */
  order: ChargeOrder;
}

/** Locks, loads, decides and applies, for distinct orders in one short transaction. Returns them in the same order. */
export async function applySteps(
  { database, log, limits, audits }: WorkerContext,
  batch: readonly Observed[],
): Promise<Applied[]> {
  const orderIds = batch.map(({ order }) => order.order_id);
  const { random } = Math;
  const plan = { step: { limits, random }, audit: { audits, random } };
  const applied = await withTransaction(database, async (tx) => {
    await lockOrders(tx, orderIds);
    const charges = await loadCharges(tx, orderIds, { operations: attemptsToRead(limits) });
    const lacking = batch.filter(mayLackOperations).map(({ order }) => order.order_id);
    const past = await loadPast(tx, lacking);
    const planned = batch.map((observed) => {
      const { order_id } = observed.order;
      const loaded = charges.get(order_id);
      if (loaded === undefined) throw new Error(`order ${order_id} is gone, and orders are never deleted`);
      const lost = past.get(order_id);
      const charge = lost === undefined ? loaded : { ...loaded, past: lost };
      return { order: charge.order, ...planStep(observed, charge, plan) };
    });
    await applyWrites(
      tx,
      planned.map(({ writes }) => writes),
    );
    return planned;
  });
  reportSteps(log, batch, applied);
  return applied;
}

function mayLackOperations({ observation }: Observed): boolean {
  return observation.outcome === 'observed' && observation.cashback.history === 'unknown';
}
