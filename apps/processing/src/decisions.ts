/** Decisions and what they write, without IO: the simulation applies the same values to tables of its own. */
export { isUnfinished } from './inbox/change.ts';
export type { ChangeRow } from './inbox/change.ts';
export { firstChange, noteChange, resumeChange } from './inbox/note-change.ts';
export { RATES_MISSING, chooseInputs, withServiceAnswer } from './gather/choose-inputs.ts';
export type { Inputs } from './gather/choose-inputs.ts';
export { MAX_ROUNDS, decideRound, outcomeOfOvertaken } from './process/decide-round.ts';
export type { RegisterAnswer } from './process/decide-round.ts';
export { registerInputOf } from './process/register-input.ts';
export { decideNextAttempt, recordAttempt } from './record/decide-next-attempt.ts';
export type { AttemptLimits, AttemptWrites, Outcome } from './record/decide-next-attempt.ts';
