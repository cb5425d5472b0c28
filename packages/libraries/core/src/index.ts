export { auditByAge, auditDelay, withAuditJitter } from './audit-delay.ts';
export type { AuditPlan } from './audit-delay.ts';
export { calculateCashback, clearedSums } from './calculate.ts';
export type { Calculation, CalculationInput } from './calculate.ts';
export type { Receipt, ReceiptLine, ReceiptPayment, ReceiptSource } from './receipt.ts';
export { ROUNDINGS } from './rounding.ts';
export type { Rounding } from './rounding.ts';
export { serviceConfigOf } from './service-config.ts';
export type { ServiceConfig } from './service-config.ts';
export type { ServiceCashback, SourceRate } from './source-value.ts';
export { splitByLargestRemainder } from './largest-remainder.ts';

export { findTargetProblem } from './stored-target.ts';
export type { TargetProblem } from './stored-target.ts';
export type { DriftClass, DriftFinder } from './drift.ts';
export { partOf } from './part-of.ts';
export { sumParts } from './sum-parts.ts';
export type { StandingOrders } from './sum-parts.ts';
export { decideBreaker, riseOf, sendableOf } from './decide-breaker.ts';
export type { TargetChange } from './decide-breaker.ts';
export { describeHold } from './hold.ts';
export type { Hold } from './hold.ts';
export { compareVersions } from './compare-versions.ts';
export type { EpochVersion } from './compare-versions.ts';
export { LAST_REVISION, decideRegister } from './decide-register.ts';
export type { RegisterDecision, Registration, StoredOrder } from './decide-register.ts';

export { TRUST_DIFFERS, WALLET_FORBIDS_NEGATIVE, attemptsToRead, decideCharge } from './decide-charge.ts';
export { attemptDelay } from './attempt-delay.ts';
export { inFlightDelay, overdueReason, pollDelay, waitedAfter } from './waiting.ts';
export { MAX_HEALS, decideHeal, isHealRefused } from './heals.ts';
export type { Heals } from './heals.ts';
export { keptWhileSending, keptWhileUnusable, withoutSince } from './attention.ts';
export type { Attention, StandingAttention } from './attention.ts';
export type {
  Attempts,
  ChargeDecision,
  ChargeInput,
  ChargeLimits,
  Finished,
  OpenOperation,
  PollReason,
} from './decide-charge.ts';
export type { ObservedCashback } from './observed-cashback.ts';
export { decideHistory } from './decide-history.ts';
export type { HistoryDecision, PastOperation, PastOperations } from './decide-history.ts';
export { decideAnswer } from './decide-answer.ts';
export type { AnswerDecision, SentOperation, UpdateAnswer } from './decide-answer.ts';

export { decideFeedStep, firstPlace, isAtPlace, withPage } from './decide-feed-step.ts';
export type { FeedAnswer, FeedPage, FeedPlace, FeedReading, FeedStep } from './decide-feed-step.ts';

export { planBaskets, rewardedOf } from './plan-baskets.ts';
export type { BasketState, PlannedStep } from './plan-baskets.ts';
