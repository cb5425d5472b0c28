/**
 * Decisions, what they write, and the rules of the statements that write it, without IO: the simulation applies the same
 * values to tables of its own.
 */
export { answerRequest } from './cashback/accept/answer-request.ts';
export { refuseCarriedOut } from './cashback/accept/carried-out.ts';
export { decideRequests, planRequest } from './cashback/accept/plan-request.ts';
export type { PlannedRequest } from './cashback/accept/plan-request.ts';
export { requestedOperations } from './cashback/accept/requested-operations.ts';
export type { AcceptanceWrites } from './cashback/accept/accept-operation.ts';
export type { WalletPolicies } from './cashback/accept/wallet-policies.ts';
export type { AdoptedStep, Adoption, KnownHistory } from './cashback/adopt/decide-adoption.ts';
export { adoptable, decideListed } from './cashback/adopt/decide-listed.ts';
export { isHistoryUnknown } from './cashback/adopt/history-unknown.ts';
export { NOTHING_LISTED, withPage } from './cashback/adopt/listing.ts';
export type { Listing } from './cashback/adopt/listing.ts';
export { AT_START, WALK_START, walkOn } from './cashback/adopt/walk-progress.ts';
export type { WalkProgress } from './cashback/adopt/walk-progress.ts';
export type { UnadoptedPlace } from './db/queries/adoption/list-unadopted.ts';
export { advanceOperation, answeredStep, needsClaim } from './cashback/advance/advance-operation.ts';
export type { AdvanceLimits, AdvanceWrites, TrustCall } from './cashback/advance/advance-operation.ts';
export type { AnsweredStep, SendHow, StepAnswer } from './cashback/advance/decide-advance.ts';
export { answerToRequest } from './cashback/advance/compare-answer.ts';
export { answerAfterLookup, needsLookup, trustRequestOf } from './cashback/advance/trust-request.ts';
export { shownPage, pageStart } from './feeds/feed-page.ts';
export type { PlacedChange } from './feeds/feed-page.ts';
export { nextFeedEpoch } from '@cashback/postgres';
export type { ChangePosition } from '@cashback/postgres';
export { isFinished } from './cashback/operation.ts';
export { pollJob, sweepJob } from './cashback/operation-queue.ts';
export type { StoredOperation, TrustStep, UnfinishedOperation } from './cashback/operation.ts';
export { refuseCreation } from './invoices/decide-creation.ts';
export { planUpdate } from './invoices/plan-update.ts';
export { SHOWN_OPERATIONS, shownInvoice } from './invoices/shown-invoice.ts';
export { planPayee } from './invoices/payee/plan-payee.ts';
export { writesOfCreation } from './invoices/version-writes.ts';
export type { CreationWrites, HistoryEntry, PayeeWrites, VersionWrites } from './invoices/version-writes.ts';
export { FIRST_EPOCH, invoiceNotFound } from './invoices/invoice.ts';

export { knownHistory, unadoptedAfter } from './db/rules/adoption.ts';
export { heldBySource, insertedBasket, openBaskets, refundedBasket } from './db/rules/baskets.ts';
export type { BasketRow } from './db/rules/baskets.ts';
export { changesAfter } from './db/rules/feeds.ts';
export { readRow } from './db/rules/read-row.ts';
export {
  firstVersionOf,
  insertedInvoice,
  adoptedInvoice,
  updatedInvoice,
  withCashbackVersion,
  withPayee,
} from './db/rules/invoices.ts';
export type { InvoiceRow } from './db/rules/invoices.ts';
export {
  claimedOperation,
  claimedStep,
  insertedOperation,
  insertedStep,
  newestOperations,
  unfinishedOperation,
  updatedOperation,
  updatedStep,
} from './db/rules/operations.ts';
export type { OperationRow, StepRow } from './db/rules/operations.ts';
