/** The worker's decisions, the rows that they write, and the rules of its statements: all without IO. */
export { afterObserving, decideFollowUp } from './reconcile/decide-follow-up.ts';
export type { FollowUp } from './reconcile/decide-follow-up.ts';
export { decideStep } from './reconcile/decide-step.ts';
export type { OrderStep, StepContext } from './reconcile/decide-step.ts';
export { planOf, runOf } from './reconcile/next-audit.ts';
export type { AuditContext } from './reconcile/next-audit.ts';
export { observationOf } from './reconcile/observe-invoice.ts';
export type { Observation } from './reconcile/observe-invoice.ts';
export { planDecided, planStep } from './reconcile/plan-step.ts';
export type { Observed, PlanContext } from './reconcile/plan-step.ts';
export { updatedRow } from './reconcile/updated-row.ts';
export type { Sending } from './reconcile/sending.ts';
export { answerWrites } from './reconcile/writes.ts';
export type { OrderWrites } from './reconcile/writes.ts';
export {
  auditedTimes,
  claimedTimes,
  dueTimes,
  expeditedTimes,
  firstAuditTimes,
  leasedTimes,
  pollTrigger,
  requestedTimes,
  scheduledTimes,
  waitsForWallet,
} from './schedule/poll-times.ts';
export type { PollTimes } from './schedule/poll-times.ts';
export { fillsWallet } from './schedule/fills-wallet.ts';
export { retrieveAnswerOf, updateAnswerOf, updateBodyOf } from './upstream/read-answers.ts';
export { decideFollowStep } from './schedule/follow/decide-follow-step.ts';
export { foreignChangesOf } from './schedule/follow/foreign-changes.ts';
export { createUnobservedChanges } from './schedule/follow/unobserved-changes.ts';
export type { UnobservedChanges } from './schedule/follow/unobserved-changes.ts';
