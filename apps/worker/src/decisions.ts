/** The decisions alone, for who plays them through without a database. */
export { decideStep, isAtRest } from './reconcile/decide-step.ts';
export type { Step, StepContext } from './reconcile/decide-step.ts';
export type { Observation } from './reconcile/observe-invoice.ts';
