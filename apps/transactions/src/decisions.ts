/** Decisions and what they write, without IO: the simulation applies the same values to tables of its own. */
export { decideRequest } from './cashback/accept/decide-request.ts';
export { acceptOperation } from './cashback/accept/accept-operation.ts';
export type { AcceptanceWrites } from './cashback/accept/accept-operation.ts';
export { advanceOperation } from './cashback/advance/advance-operation.ts';
export type { AdvanceLimits, AdvanceWrites, TrustCall } from './cashback/advance/advance-operation.ts';
export type { AnsweredStep, SendHow, StepAnswer } from './cashback/advance/decide-advance.ts';
export { answerAfterLookup, needsLookup, trustRequestOf } from './cashback/advance/trust-request.ts';
export { isFinished } from './cashback/operation.ts';
export type { StoredOperation, TrustStep, UnfinishedOperation } from './cashback/operation.ts';
export { decideUpdate } from './invoices/decide-update.ts';
export { writesOfCreation, writesOfUpdate } from './invoices/version-writes.ts';
export type { CreationWrites, HistoryEntry, VersionWrites } from './invoices/version-writes.ts';
export type { LockedInvoice } from './invoices/invoice.ts';
