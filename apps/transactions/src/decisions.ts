/** The decisions alone, for who plays them through without a database. */
export { decideUpdate } from './invoices/decide-update.ts';
export { decideRequest } from './cashback/accept/decide-request.ts';
export { decideAdvance } from './cashback/advance/decide-advance.ts';
export type { SendHow, StepAnswer } from './cashback/advance/decide-advance.ts';
export { isFinished } from './cashback/operation.ts';
export type { Step, StoredOperation } from './cashback/operation.ts';
export { planSteps } from './cashback/accept/plan-steps.ts';
export type { LockedInvoice } from './db/queries/invoices/lock-invoices.ts';
