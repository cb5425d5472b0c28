import { chargeQueue, loadChargeOrders, lockOrders, pollKey } from '@cashback/cashback-db';
import type { ChargeOrder, NewOperation } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { JobHandler } from '@cashback/postgres';
import { createGroup } from '@cashback/service';
import { type Observed, applyDecisions } from './apply-decision.ts';
import type { WorkerContext } from './context.ts';
import { isAtRest } from './decide-step.ts';
import { observeInvoice } from './observe-invoice.ts';
import { sendOperation } from './send-operation.ts';

export interface ChargeOptions {
  /** Most orders whose decisions are written in one transaction. */
  group_size: number;
}

const GROUPS_AT_ONCE = 2;

/**
 * The handler of `cashback_charge_processing`: takes the invoice of each order, compares what it carries with the
 * newest event of each source, and where they differ sends the target to `/update/cashback`. What is not finished
 * yet is looked at again later; what carries its target is settled.
 */
export function createChargeHandler(
  context: WorkerContext,
  { group_size }: ChargeOptions,
): JobHandler<{ order_id: string }> {
  const applyDecision = createGroup<Observed, NewOperation | null>({
    keyOf: ({ order }) => order.order_id,
    max_size: group_size,
    concurrency: GROUPS_AT_ONCE,
    run: (group) => applyDecisions(context, group),
  });

  async function chargeOrder(order: ChargeOrder, signal: AbortSignal): Promise<void> {
    try {
      const observation = await observeInvoice(context.transactions, order, signal);
      const operation = await applyDecision({ order, observation });
      if (operation !== null) await sendOperation(context, operation, signal);
    } catch (error) {
      await lookAgainLater(context, order, error);
    }
  }

  return async (jobs, signal) => {
    const orderIds = [...new Set(jobs.map(({ payload }) => payload.order_id))];
    const orders = await loadDue(context, orderIds);
    const ends = await Promise.allSettled(orders.map((order) => chargeOrder(order, signal)));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
}

/**
 * The first look waits for the locks, too: a register whose job was skipped in favour of one of ours is not committed
 * yet, and without waiting for it the order would be seen as it was before.
 */
async function loadDue({ database }: WorkerContext, orderIds: readonly string[]): Promise<ChargeOrder[]> {
  const orders = await withTransaction(database, async (tx) => {
    await lockOrders(tx, orderIds);
    return loadChargeOrders(tx, orderIds);
  });
  return [...orders.values()].filter((order) => !isAtRest(order));
}

/** Nothing that goes wrong with one order may fail the jobs of the others. */
async function lookAgainLater(
  { jobs, limits, log }: WorkerContext,
  { order_id }: ChargeOrder,
  error: unknown,
): Promise<void> {
  log.error({ err: error, order_id }, 'order could not be charged, it is looked at again later');
  const start_after_seconds = limits.poll_max_ms / 1_000;
  await jobs.enqueue(chargeQueue, [{ key: pollKey(order_id), payload: { order_id }, start_after_seconds }]);
}
