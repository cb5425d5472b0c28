/** The worker's decisions, the rows that they write, and the rules of its statements: all without IO. */
export { decideFollowUp } from './reconcile/decide-follow-up.ts';
export { decideStep } from './reconcile/decide-step.ts';
export type { Step, StepContext } from './reconcile/decide-step.ts';
export { mayBeListed, observationOf } from './reconcile/observe-invoice.ts';
export type { Observation } from './reconcile/observe-invoice.ts';
export { updatedRow } from './reconcile/updated-row.ts';
export { answerWrites, sendingOf, stepWrites } from './reconcile/writes.ts';
export type { OrderWrites, Sending } from './reconcile/writes.ts';
export {
  claimedTimes,
  dueTimes,
  expeditedTimes,
  leasedTimes,
  requestedTimes,
  scheduledTimes,
} from './schedule/poll-times.ts';
export type { PollTimes } from './schedule/poll-times.ts';
export { retrieveAnswerOf, updateAnswerOf, updateBodyOf } from './upstream/read-answers.ts';
