import {
  insertOperationOutcomes,
  insertOperations,
  loadCharges,
  lockOrders,
  updateCharges,
} from '@cashback/cashback-db';
import type { ChargeOrder, ChargeUpdate, NewOperation, NewOperationOutcome } from '@cashback/cashback-db';
import { storableText, withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import { type Ending, type Step, decideStep } from './decide-step.ts';
import type { Observation } from './observe-invoice.ts';
import { reportSteps } from './report-steps.ts';

/** An order as it was before its invoice was asked for, and what came back. */
export interface Observed {
  order: ChargeOrder;
  observation: Observation;
}

export interface Decided {
  /** As it is now, under its lock. */
  order: ChargeOrder;
  step: Step;
  /** Of what was observed; null when nothing was. */
  cashback_version: number | null;
}

/** An operation whose request may leave: it and the next look at its order are committed. */
export interface Sending {
  order: ChargeOrder;
  operation: NewOperation;
  /** It left before, perhaps. */
  repeated: boolean;
}

/**
 * Lock, load, decide, apply, for a group of distinct orders in one short transaction. Returns what is to be sent, in
 * the group's order.
 */
export async function applyDecisions(
  context: WorkerContext,
  group: readonly Observed[],
  onDue: () => void,
): Promise<(Sending | null)[]> {
  const orderIds = group.map(({ order }) => order.order_id);
  const steps = await withTransaction(context.database, async (tx) => {
    await lockOrders(tx, orderIds);
    const charges = await loadCharges(tx, orderIds);
    const decided = group.map(({ order: seen, observation }): Decided => {
      const charge = charges.get(seen.order_id);
      if (charge === undefined)
        throw new Error(`order ${seen.order_id} is gone, and orders are never deleted`);
      const downtime_ms = context.transactions.downtimeMs(charge.order.unsettled_since);
      const step = decideStep(seen, observation, charge, { limits: context.limits, downtime_ms });
      const cashback_version = observation.outcome === 'observed' ? observation.cashback.version : null;
      return { order: charge.order, step, cashback_version };
    });
    await insertOperationOutcomes(tx, decided.flatMap(toOutcome));
    await insertOperations(tx, decided.flatMap(toIntent));
    await updateCharges(tx, decided.flatMap(toUpdate));
    return decided;
  });
  reportSteps(context.log, group, steps);
  if (steps.some(({ step }) => step.action === 'look_again')) onDue();
  return steps.map(({ order, step }) => {
    if (step.action !== 'send') return null;
    return { order, operation: step.operation, repeated: step.repeated };
  });
}

function toOutcome({ order, step }: Decided): NewOperationOutcome[] {
  const ending = endingOf(step);
  if (ending === null) return [];
  const { finished, rewarded } = ending;
  const reason = finished.reason && storableText(finished.reason);
  return [{ order_id: order.order_id, ...finished, reason, rewarded }];
}

function toIntent({ step }: Decided): NewOperation[] {
  return step.action === 'send' && !step.repeated ? [step.operation] : [];
}

/** When the order is looked at next is written with the step itself, so no crash in between can lose it. */
function toUpdate({ order, step, cashback_version }: Decided): ChargeUpdate[] {
  if (step.action === 'rest') return [];
  const ending = endingOf(step);
  const { order_id, revision, operation_id, attention } = order;
  const update: ChargeUpdate = {
    order_id,
    revision,
    operation_id,
    next_operation_id: ending === null ? operation_id : null,
    settled: false,
    rewarded: ending && ending.rewarded,
    cashback_version,
    attention,
    poll_in_ms: null,
  };
  switch (step.action) {
    case 'settle':
      return [{ ...update, settled: true, rewarded: step.rewarded, attention: null }];
    case 'send': {
      const { operation } = step;
      // Who needs attention is not looked at again, even when his open operation is repeated.
      const poll_in_ms = attention === null ? step.wait_ms : null;
      return [{ ...update, next_operation_id: operation.operation_id, poll_in_ms }];
    }
    case 'need_attention':
      return [{ ...update, attention: storableText(step.reason) }];
    case 'poll':
      return [{ ...update, poll_in_ms: step.wait_ms }];
    case 'look_again':
      return [{ ...update, poll_in_ms: 0 }];
  }
}

function endingOf(step: Step): Ending | null {
  return 'ending' in step ? step.ending : null;
}
