import { type ChargeOrder, type ExpeditedPoll, expeditePolls } from '@cashback/cashback-db';
import type { DriftFinder } from '@cashback/core';
import { withTransaction } from '@cashback/postgres';
import { createBatcher } from '@cashback/service';
import type { WorkerContext } from '../context.ts';
import { type Applied, applySteps } from './apply-steps.ts';
import { createLoneFailures } from './lone-failures.ts';
import { observationOf } from './observe-invoice.ts';
import type { Observed } from './plan-step.ts';
import { sendOperation } from './send-operation.ts';

/**
 * One step of an order, in any state: observe its invoice, decide under the order's lock, apply, and send what the step
 * asks for. No state is at rest: each step compares what the invoice carries with the target.
 *
 *     register: a new target, in any state
 *         |
 *         v           send: the intent is committed first
 *     UNSETTLED ---------------------------------------------> IN FLIGHT  (operation_id)
 *      ^  |   ^                                                 |  |   poll while it runs; repeat it, with the
 *      |  |   |      it ended without the target:               |  |   same id and body, while the invoice does
 *      |  |   +----- failed, rejected, or the target is newer --+  |   not list it
 *      |  |                                                        |
 *      |  |  the invoice carries the target                        |  it ended, and the invoice carries the target
 *      |  +------------------------> SETTLED <---------------------+
 *      |                              |    ^
 *      +------------------------------+    |
 *      reopened: the invoice carries       |
 *      something else                      |
 *                                          |
 *     UNSETTLED or IN FLIGHT               |
 *         |  too many attempts, or         |
 *         |  too long, with answers        |
 *         v                                |
 *     NEEDS ATTENTION  (attention_code) ---+  the invoice carries the target
 *         polled slowly; what only an attempt can show is attempted as slowly. UNSETTLED or IN FLIGHT again
 *         by itself once its cause is gone, or when a target is registered
 *
 * A step never waits: it writes when the order's next step is due (`poll_at`), and `schedule` comes back by then.
 */
export interface Reconciler {
  /** Rejects only for a fault on our side, such as a database that is down, or an order that cannot be decided on. */
  reconcile(order: ChargeOrder, found_by: DriftFinder): Promise<Reconciled>;
}

export interface Reconciled {
  /** The order's next step is due at once. */
  due_now: boolean;
}

const BATCHES_AT_ONCE = 2;
/** Observations that arrive in a stream are applied together. */
const INTERVAL = { interval_ms: 50, flush_at: 25 };

/** Orders are independent of each other: the steps of up to `batch_size` are applied together as the observations arrive. */
export function createReconciler(context: WorkerContext, { batch_size }: { batch_size: number }): Reconciler {
  const { database, transactions } = context;
  const failures = createLoneFailures(context);
  const applyStep = createBatcher<Observed, Applied>({
    keyOf: ({ order }) => order.order_id,
    max_size: batch_size,
    concurrency: BATCHES_AT_ONCE,
    ...INTERVAL,
    run: (batch) => applySteps(context, batch),
  });
  const expedite = createBatcher<ExpeditedPoll, void>({
    keyOf: ({ order_id }) => order_id,
    max_size: batch_size,
    concurrency: 1,
    ...INTERVAL,
    async run(batch) {
      await withTransaction(database, (tx) => expeditePolls(tx, batch));
      return [];
    },
  });

  async function runStep(order: ChargeOrder, found_by: DriftFinder): Promise<Reconciled> {
    const { order_id } = order;
    const answer = await transactions.retrieveInvoice(order_id);
    const observation = failures.ofObservation(order_id, observationOf(order, answer));
    const { sending, due_now } = await applyStep({ order, observation, found_by });
    if (sending === null) return { due_now };
    return { due_now: await sendOperation(context, sending, { failures, expedite }) };
  }

  return {
    async reconcile(order, found_by) {
      try {
        const reconciled = await runStep(order, found_by);
        failures.stepEnded(order.order_id);
        return reconciled;
      } catch (error) {
        await failures.stepFailed(order, error).catch(() => {});
        throw error;
      }
    },
  };
}
