export { createCashbackClient } from './client.ts';
export type { CashbackClient, CashbackClientOptions } from './client.ts';
export { CashbackClientError } from './client-error.ts';
export type { CashbackClientErrorCode } from './client-error.ts';
export type { RegisterManyResult } from './register-many.ts';
export type { FeedOptions, FeedPage } from './feed.ts';
export { latestValues } from './latest-values.ts';

export type {
  AttentionCountInput,
  AttentionCountOutput,
  AttentionEntry,
  AttentionListInput,
  AttentionListOutput,
  AttentionReportInput,
  AttentionReportOutput,
  AttentionResumeInput,
  AttentionResumeOutput,
  CashbackErrorCode,
  CashbackEvent,
  EventsOutput,
  InputIssue,
  OrderInput,
  BreakerListInput,
  BreakerListOutput,
  BreakerReleaseInput,
  BreakerReleaseOutput,
  ChangePayeeInput,
  ChangePayeeOutput,
  ConvergenceInput,
  ConvergenceOutput,
  OrderOutput,
  OrderRate,
  OrderRates,
  RatesGetInput,
  ReconcileInput,
  ReconcileOutput,
  RegisterInput,
  RegisterOutcome,
  RegisterOutput,
  Source,
} from '@cashback/contract';
