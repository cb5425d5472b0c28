import { chargeKey, chargeQueue, insertOperationOutcomes, insertOperations } from '@cashback/cashback-db';
import { loadCharges, lockOrders, pollKey, updateCharges } from '@cashback/cashback-db';
import type { ChargeOrder, ChargeUpdate, NewOperation, NewOperationOutcome } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from './context.ts';
import { type Ending, type Step, decideStep } from './decide-step.ts';
import type { Observation } from './observe-invoice.ts';
import { reportSteps } from './report-steps.ts';
import { shortenReason } from './shorten-reason.ts';

/** An order as it was before its invoice was asked for, and what came back. */
export interface Observed {
  order: ChargeOrder;
  observation: Observation;
}

export interface Decided {
  /** As it is now, under its lock. */
  order: ChargeOrder;
  step: Step;
}

/**
 * Lock, load, decide, apply, for a group of distinct orders in one short transaction. Returns, in the group's order,
 * the operations whose requests may leave now: they and the next look at their orders are committed.
 */
export async function applyDecisions(
  context: WorkerContext,
  group: readonly Observed[],
): Promise<(NewOperation | null)[]> {
  const orderIds = group.map(({ order }) => order.order_id);
  const steps = await withTransaction(context.database, async (tx) => {
    await lockOrders(tx, orderIds);
    const charges = await loadCharges(tx, orderIds);
    const decided = group.map(({ order: seen, observation }): Decided => {
      const charge = charges.get(seen.order_id);
      if (charge === undefined)
        throw new Error(`order ${seen.order_id} is gone, and orders are never deleted`);
      return { order: charge.order, step: decideStep(seen, observation, charge, context.limits) };
    });
    await insertOperationOutcomes(tx, decided.flatMap(toOutcome));
    await insertOperations(tx, decided.flatMap(toIntent));
    await updateCharges(tx, decided.flatMap(toUpdate));
    await context.jobs.enqueue(chargeQueue, decided.flatMap(toJob), tx);
    return decided;
  });
  reportSteps(context.log, group, steps);
  return steps.map(({ step }) => (step.action === 'send' ? step.operation : null));
}

function toOutcome({ order, step }: Decided): NewOperationOutcome[] {
  const ending = endingOf(step);
  return ending === null ? [] : [{ order_id: order.order_id, ...ending.finished, rewarded: ending.rewarded }];
}

function toIntent({ step }: Decided): NewOperation[] {
  return step.action === 'send' && !step.repeated ? [step.operation] : [];
}

function toUpdate({ order, step }: Decided): ChargeUpdate[] {
  if (step.action === 'rest' || step.action === 'look_again') return [];
  const ending = endingOf(step);
  const { order_id, revision, operation_id, attention } = order;
  const stillOpen = ending === null ? operation_id : null;
  const update: ChargeUpdate = {
    order_id,
    revision,
    operation_id,
    next_operation_id: stillOpen,
    settled: false,
    rewarded: ending && ending.rewarded,
    attention,
    wait_ms: 'wait_ms' in step ? step.wait_ms : 0,
  };
  switch (step.action) {
    case 'settle':
      return [{ ...update, settled: true, rewarded: step.rewarded, attention: null }];
    case 'send':
      return [{ ...update, next_operation_id: step.operation.operation_id }];
    case 'need_attention':
      return [{ ...update, attention: shortenReason(step.reason) }];
    case 'poll':
      return [update];
  }
}

/** The next look is enqueued with the step itself, so no crash in between can lose it. */
function toJob({ order: { order_id, attention }, step }: Decided) {
  const payload = { order_id };
  if (step.action === 'look_again') return [{ key: chargeKey(order_id), payload }];
  if ((step.action !== 'poll' && step.action !== 'send') || attention !== null) return [];
  return [{ key: pollKey(order_id), payload, start_after_seconds: step.wait_ms / 1_000 }];
}

function endingOf(step: Step): Ending | null {
  return 'ending' in step ? step.ending : null;
}
