import { type ChargeOrder, loadCharges, lockOrders } from '@cashback/cashback-db';
import { type DriftFinder, attemptsToRead } from '@cashback/core';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import { applyWrites } from './apply-writes.ts';
import { type OrderStep, decideStep } from './decide-step.ts';
import type { Observation } from './observe-invoice.ts';
import { reportSteps } from './report-steps.ts';
import { type Sending, sendingOf } from './sending.ts';
import { isDueNow, stepWrites } from './writes.ts';

/** An order as it was before its invoice was observed, and the observation. */
export interface Observed {
  order: ChargeOrder;
  observation: Observation;
  /** The trigger of the run. */
  found_by: DriftFinder;
}

export interface Applied {
  /** As it is under its lock. */
  order: ChargeOrder;
  step: OrderStep;
  sending: Sending | null;
  due_now: boolean;
}

/** Locks, loads, decides and applies, for distinct orders in one short transaction. Returns them in the same order. */
export async function applySteps(context: WorkerContext, batch: readonly Observed[]): Promise<Applied[]> {
  const orderIds = batch.map(({ order }) => order.order_id);
  const applied = await withTransaction(context.database, async (tx) => {
    await lockOrders(tx, orderIds);
    const charges = await loadCharges(tx, orderIds, { operations: attemptsToRead(context.limits) });
    const decided = batch.map(({ order: seen, observation, found_by }) => {
      const charge = charges.get(seen.order_id);
      if (charge === undefined)
        throw new Error(`order ${seen.order_id} is gone, and orders are never deleted`);
      const { order } = charge;
      const { limits, audits } = context;
      const step = decideStep(seen, observation, charge, { limits, random: Math.random });
      const writes = stepWrites(charge, step, observation, {
        audits,
        found_by,
        seen_requests: seen.requests,
        random: Math.random,
      });
      return { order, step, writes, sending: sendingOf(order, step), due_now: isDueNow(writes) };
    });
    await applyWrites(
      tx,
      decided.map(({ writes }) => writes),
    );
    return decided;
  });
  reportSteps(context.log, batch, applied);
  return applied;
}
