/** Decisions and what they write, without IO: the simulation applies the same values to tables of its own. */
export { auditChange } from './audit/audit-change.ts';
export { FIRST_PLACE, decideCatchUp } from './inbox/decide-catch-up.ts';
export { isUnfinished } from './inbox/change.ts';
export type { ChangeRow, ChangeWrites } from './inbox/change.ts';
export { callbackHint, feedHint, reconcileHint } from './inbox/hint.ts';
export type { Hint } from './inbox/hint.ts';
export { noteHints, resumeChange, sweepChange } from './inbox/note-change.ts';
export { attemptAfter, beginAttempt, endOf, nextStep } from './process/attempt-flow.ts';
export type { Answered, AttemptEnd } from './process/attempt-flow.ts';
export type { Attempt } from './process/attempt-state.ts';
export type { TakenStep } from './process/attempt.ts';
export { createStepFailures } from './process/step-failures.ts';
export type { StepFailures } from './process/step-failures.ts';
export type { AttemptLimits } from './record/decide-next-attempt.ts';
export { outcomeWrites } from './record/outcome-writes.ts';
