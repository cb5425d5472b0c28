/** The decisions alone, for who plays them through without a database. */
export { decideStep, isAtRest } from './decide-step.ts';
export type { Step, StepContext } from './decide-step.ts';
export type { Observation } from './observe-invoice.ts';
