/** Decisions and what they write, without IO: the simulation applies the same values to tables of its own. */
export { auditChange } from './audit/audit-change.ts';
export { readInvoice } from './gather/read-invoice.ts';
export { readOrder } from './gather/read-order.ts';
export { FIRST_PLACE, decideCatchUp } from './inbox/decide-catch-up.ts';
export { isUnfinished } from './inbox/change.ts';
export type { ChangeRow, ChangeWrites } from './inbox/change.ts';
export { callbackHint, feedHint, mergeHints, reconcileHint } from './inbox/hint.ts';
export type { Hint } from './inbox/hint.ts';
export { noteChange, resumeChange, sweepChange } from './inbox/note-change.ts';
export {
  decideAttemptStep,
  startAttempt,
  withFailure,
  withKnown,
  withRegisterAnswer,
} from './process/attempt.ts';
export type { Attempt } from './process/attempt-state.ts';
export type { AttemptStep } from './process/attempt.ts';
export { decideNextAttempt, recordAttempt } from './record/decide-next-attempt.ts';
export type { AttemptLimits, Outcome, RegisterAnswers } from './record/decide-next-attempt.ts';
export { chooseSettings, frozenHash } from './services/settings-of-order.ts';
