import type { Charge, ChargeOrder } from '@cashback/cashback-db';
import type { DriftFinder } from '@cashback/core';
import { type OrderStep, type StepContext, decideStep } from './decide-step.ts';
import type { AuditContext } from './next-audit.ts';
import type { Observation } from './observe-invoice.ts';
import { type Sending, sendingOf } from './sending.ts';
import { type OrderWrites, isDueNow, stepWrites } from './writes.ts';

/** An order as it was before its invoice was observed, and the observation. */
export interface Observed {
  order: ChargeOrder;
  observation: Observation;
  /** The trigger of the run. */
  found_by: DriftFinder;
}

/** A step, its rows, and what may follow once they are committed. */
export interface StepPlan {
  step: OrderStep;
  writes: OrderWrites;
  sending: Sending | null;
  due_now: boolean;
}

export interface PlanContext {
  step: StepContext;
  audit: AuditContext;
}

/** `charge` is the order under its lock. */
export function planStep(observed: Observed, charge: Charge, context: PlanContext): StepPlan {
  const { order: seen, observation } = observed;
  return planDecided(observed, charge, decideStep(seen, observation, charge, context.step), context);
}

/** The same of a step that is decided. */
export function planDecided(
  { order: seen, observation, found_by }: Observed,
  charge: Charge,
  step: OrderStep,
  { audit }: PlanContext,
): StepPlan {
  const writes = stepWrites(charge, step, observation, {
    ...audit,
    found_by,
    seen_requests: seen.requests,
  });
  return { step, writes, sending: sendingOf(charge.order, step), due_now: isDueNow(writes) };
}
