import type { Charge } from '@cashback/cashback-db';
import type { Observation, Observed, OrderStep, OrderWrites } from '@cashback/worker/decisions';
import type { Decisions } from '../decisions.ts';
import type { Plant } from './plant.ts';

/** The worker takes another step than the one that it decides on; all that follows from it is the product's. */
export function withStep(
  decisions: Decisions,
  stepOf: (decide: (charge: Charge) => OrderStep, charge: Charge, observed: Observed) => OrderStep,
): Decisions {
  const { worker } = decisions;
  return {
    ...decisions,
    worker: {
      ...worker,
      planStep(observed, charge, context) {
        const decide = (seen: Charge): OrderStep => worker.planStep(observed, seen, context).step;
        return worker.planDecided(observed, charge, stepOf(decide, charge, observed), context);
      },
    },
  };
}

/** Mistakes in a step of the worker. */
export const STEPS = {
  /** An operation whose answer was lost goes out again under another id. */
  new_operation_id_on_retry: (decisions) => ({
    ...decisions,
    worker: {
      ...decisions.worker,
      planStep(...input) {
        const plan = decisions.worker.planStep(...input);
        const { sending } = plan;
        if (sending === null || !sending.repeated) return plan;
        const operation_id = `${sending.operation.operation_id}-again`;
        return { ...plan, sending: { ...sending, operation: { ...sending.operation, operation_id } } };
      },
    },
  }),
  /** The ids of operations say when they were made, so a worker that lost its rows makes others. */
  random_ids: (decisions) =>
    withStep(decisions, (decide, charge) => {
      const step = decide(charge);
      if (step.action !== 'send' || step.repeated) return step;
      const operation_id = `${step.operation.operation_id}-${charge.order.now.getTime()}`;
      return { ...step, operation: { ...step.operation, operation_id } };
    }),
  /** An invoice at rest settles the order, whichever operation brought it there. */
  settle_on_stale_poll: (decisions) =>
    withStep(decisions, (decide, charge, { observation }) => settled(decide(charge), observation, charge)),
  /** A settled order is no longer compared. */
  settled_is_terminal: (decisions) =>
    withStep(decisions, (decide, charge) => {
      const { settled_revision, revision, rewarded } = charge.order;
      if (settled_revision < revision) return decide(charge);
      return { action: 'settle', ending: null, rewarded, waited_ms: 0, answered_at: null };
    }),
  /** An answer counts, however old it is by the operations that have ended since. */
  past_is_present: (decisions) =>
    withStep(decisions, (decide, charge) =>
      decide({ ...charge, order: { ...charge.order, cashback_version: 0 } }),
    ),
  /** The row does not keep the version that was observed. */
  observed_version_dropped: (decisions) => ({
    ...decisions,
    worker: {
      ...decisions.worker,
      planStep(...input) {
        const plan = decisions.worker.planStep(...input);
        const dropped = { cashback_epoch: null, cashback_version: null };
        const updates = plan.writes.updates.map((update) => ({ ...update, ...dropped }));
        return { ...plan, writes: { ...plan.writes, updates } };
      },
    },
  }),
  /** No heal counts, so two writers that disagree go on. */
  heals_uncounted: (decisions) =>
    withStep(decisions, (decide, charge) =>
      decide({ ...charge, order: { ...charge.order, heals: 0, healed_since: null } }),
    ),
  /** A change by another is healed and not written down. */
  drift_unwritten: (decisions) => withWrites(decisions, (writes) => ({ ...writes, drifts: [] })),
  /** A difference is written down each time that it is seen. */
  drift_repeated: (decisions) => ({
    ...decisions,
    worker: {
      ...decisions.worker,
      planStep(observed, charge, context) {
        const plan = decisions.worker.planStep(observed, charge, context);
        const order = { ...charge.order, attention: null };
        const { writes } = decisions.worker.planDecided(observed, { ...charge, order }, plan.step, context);
        return { ...plan, writes: { ...plan.writes, drifts: writes.drifts } };
      },
    },
  }),
  /** A settle plans no audit. */
  audit_unplanned: (decisions) =>
    withWrites(decisions, (writes) => ({
      ...writes,
      updates: writes.updates.map((update) => (update.settled ? { ...update, audit: null } : update)),
    })),
} satisfies Record<string, Plant>;

/** The worker writes other rows than those of its step. */
function withWrites(decisions: Decisions, writesOf: (writes: OrderWrites) => OrderWrites): Decisions {
  const { worker } = decisions;
  return {
    ...decisions,
    worker: {
      ...worker,
      planStep(...input) {
        const plan = worker.planStep(...input);
        return { ...plan, writes: writesOf(plan.writes) };
      },
    },
  };
}

/** `success` is taken for the success of the open operation. */
function settled(step: OrderStep, observation: Observation, { operation }: Charge): OrderStep {
  if (observation.outcome !== 'observed' || observation.cashback.status !== 'success') return step;
  if (operation === null || (step.action !== 'send' && step.action !== 'poll')) return step;
  const finished = { operation_id: operation.operation_id, outcome: 'applied' as const, reason: null };
  const { waited_ms, answered_at } = step;
  const rewarded = operation.reward;
  return { action: 'settle', ending: { finished, rewarded }, rewarded, waited_ms, answered_at };
}
