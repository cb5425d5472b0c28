/**
 * Decisions, what they write, and the rules of the statements that write it, without IO: the simulation applies the same
 * values to tables of its own.
 */
export { answerRequest } from './cashback/accept/answer-request.ts';
export { refuseCarriedOut, repeatableSteps } from './cashback/accept/carried-out.ts';
export { decideRequest } from './cashback/accept/decide-request.ts';
export type { RequestDecision } from './cashback/accept/decide-request.ts';
export { requestedOperations } from './cashback/accept/requested-operations.ts';
export { acceptOperation } from './cashback/accept/accept-operation.ts';
export type { AcceptanceWrites } from './cashback/accept/accept-operation.ts';
export type { WalletPolicies } from './cashback/accept/wallet-policies.ts';
export type { AdoptedStep, Adoption, KnownHistory } from './cashback/adopt/decide-adoption.ts';
export { adoptable, decideListed } from './cashback/adopt/decide-listed.ts';
export { isHistoryUnknown } from './cashback/adopt/history-unknown.ts';
export { NOTHING_LISTED, withPage } from './cashback/adopt/listing.ts';
export type { Listing } from './cashback/adopt/listing.ts';
export { AT_START, WALK_START, placeAfter, progressAfter } from './cashback/adopt/walk-progress.ts';
export type { WalkProgress } from './cashback/adopt/walk-progress.ts';
export type { UnadoptedPlace } from './db/queries/adoption/list-unadopted.ts';
export { advanceOperation } from './cashback/advance/advance-operation.ts';
export type { AdvanceLimits, AdvanceWrites, TrustCall } from './cashback/advance/advance-operation.ts';
export type { AnsweredStep, SendHow, StepAnswer } from './cashback/advance/decide-advance.ts';
export { answerToRequest } from './cashback/advance/compare-answer.ts';
export { answerAfterLookup, needsLookup, trustRequestOf } from './cashback/advance/trust-request.ts';
export { readCursor } from './feeds/read-cursor.ts';
export { CHANGES_START, changeCursor, nextFeedEpoch } from '@cashback/postgres';
export type { ChangePosition } from '@cashback/postgres';
export { isFinished } from './cashback/operation.ts';
export { pollJob, sweepJob } from './cashback/operation-queue.ts';
export type { StoredOperation, TrustStep, UnfinishedOperation } from './cashback/operation.ts';
export { refuseCreation } from './invoices/decide-creation.ts';
export { decideUpdate } from './invoices/decide-update.ts';
export { SHOWN_OPERATIONS, shownInvoice } from './invoices/shown-invoice.ts';
export { decidePayee } from './invoices/payee/decide-payee.ts';
export { writesOfCreation, writesOfPayee, writesOfUpdate } from './invoices/version-writes.ts';
export type { CreationWrites, HistoryEntry, PayeeWrites, VersionWrites } from './invoices/version-writes.ts';
export { FIRST_EPOCH, invoiceNotFound } from './invoices/invoice.ts';

export { knownHistory, unadoptedAfter } from './db/rules/adoption.ts';
export {
  heldBySource,
  heldElsewhere,
  insertedBasket,
  openBaskets,
  refundedBasket,
} from './db/rules/baskets.ts';
export type { BasketRow } from './db/rules/baskets.ts';
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
  insertedOperation,
  insertedStep,
  newestOperations,
  shortBySource,
  unfinishedOperation,
  updatedOperation,
  updatedStep,
} from './db/rules/operations.ts';
export type { OperationRow, StepRow } from './db/rules/operations.ts';
