export { createRouter } from './router.ts';
export type { AppRouter, RouterContext, RouterOptions, ServerScope } from './router.ts';
export type { CashbackServices } from './services.ts';
export { CashbackError } from './errors.ts';
export type { CashbackErrorCode } from './errors.ts';

export { AMOUNT_SCALE, MAX_AMOUNT, formatAmount, parseAmount, parseBalance, sumAmounts } from './amount.ts';
export type { Amount } from './amount.ts';
export { RATE_ONE, RATE_SCALE, formatRate, parseRate } from './rate.ts';
export type { Rate } from './rate.ts';
export {
  SOURCES,
  amountOf,
  formatAmounts,
  equalAmounts,
  isSource,
  sourcesOf,
  totalOf,
  formatValues,
  parseAmounts,
  parseValues,
} from './source.ts';
export type { Source, AmountsBySource } from './source.ts';

export { MAX_RECEIPT_BYTES } from './wire/receipt.ts';
export {
  MAX_REGISTER_ITEMS,
  REGISTER_OUTCOMES,
  registerInput,
  registerManyInput,
  registerManyOutput,
  registerOutput,
} from './wire/register.ts';
export type {
  RegisterInput,
  RegisterManyInput,
  RegisterManyOutput,
  RegisterOutcome,
  RegisterOutput,
} from './wire/register.ts';
export type { ErrorDetails, InputIssue, ItemError } from './wire/item-error.ts';
export { ATTENTION_CODES } from './wire/attention.ts';
export type { AttentionCode } from './wire/attention.ts';
export {
  ATTENTION_ORIGINS,
  MAX_REPORTS,
  MAX_RESUMES,
  REPORTING_ORIGINS,
  RESUME_OUTCOMES,
  attentionCountInput,
  attentionCountOutput,
  attentionListInput,
  attentionListOutput,
  attentionReportInput,
  attentionReportOutput,
  attentionResumeInput,
  attentionResumeOutput,
} from './wire/attention-orders.ts';
export type {
  AttentionCountInput,
  AttentionCountOutput,
  AttentionEntry,
  AttentionFilter,
  AttentionListInput,
  AttentionListOutput,
  AttentionOrigin,
  AttentionReportInput,
  AttentionReportOutput,
  AttentionResumeInput,
  AttentionResumeOutput,
  ParsedAttentionReportInput,
  ParsedAttentionResumeInput,
  ResumeOutcome,
} from './wire/attention-orders.ts';
export { cashbackEvent, eventsInput, eventsOutput } from './wire/events.ts';
export type { CashbackEvent, EventsInput, EventsOutput } from './wire/events.ts';
export { changePayeeInput, changePayeeOutput } from './wire/payee.ts';
export type { ChangePayeeInput, ChangePayeeOutput, Payee } from './wire/payee.ts';
export {
  MAX_RELEASES,
  RELEASE_OUTCOMES,
  breakerListInput,
  breakerListOutput,
  breakerReleaseInput,
  breakerReleaseOutput,
} from './wire/breaker.ts';
export type {
  BreakerListInput,
  BreakerListOutput,
  BreakerReleaseInput,
  BreakerReleaseOutput,
  HeldOrder,
  ReleaseOutcome,
} from './wire/breaker.ts';
export { ORDER_PARTS } from './order-parts.ts';
export type { OrderPart } from './order-parts.ts';
export { convergenceInput, convergenceOutput } from './wire/convergence.ts';
export type { ConvergenceInput, ConvergenceOutput } from './wire/convergence.ts';
export { OPERATION_OUTCOMES, ORDER_STATES, orderInput, orderOutput } from './wire/order.ts';
export type { OperationOutcome, OrderInput, OrderOutput } from './wire/order.ts';
export { MAX_RECONCILE_ORDERS, reconcileInput, reconcileOutput } from './wire/reconcile.ts';
export type { ParsedReconcileInput, ReconcileInput, ReconcileOutput } from './wire/reconcile.ts';
export { orderRates, ratesGetInput } from './wire/rates.ts';
export type { OrderRate, OrderRates, RatesGetInput } from './wire/rates.ts';
export {
  amountField,
  amountsBySource,
  balanceField,
  counterField,
  currencyField,
  cursorField,
  epochField,
  idField,
  limitField,
  rateField,
  serviceField,
  sourceField,
  timestampField,
  uniqueSources,
  versionField,
} from './wire/fields.ts';
