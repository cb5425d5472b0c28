import type {
  AttentionCountInput,
  AttentionCountOutput,
  AttentionListInput,
  AttentionListOutput,
  AttentionReportOutput,
  AttentionResumeOutput,
  ParsedAttentionReportInput,
  ParsedAttentionResumeInput,
} from './wire/attention-orders.ts';
import type {
  BreakerListInput,
  BreakerListOutput,
  BreakerReleaseInput,
  BreakerReleaseOutput,
} from './wire/breaker.ts';
import type { ConvergenceInput, ConvergenceOutput } from './wire/convergence.ts';
import type { EventsInput, EventsOutput } from './wire/events.ts';
import type { OrderInput, OrderOutput } from './wire/order.ts';
import type { ChangePayeeInput, ChangePayeeOutput } from './wire/payee.ts';
import type { OrderRates, RatesGetInput } from './wire/rates.ts';
import type { ParsedReconcileInput, ReconcileOutput } from './wire/reconcile.ts';
import type { RegisterInput, RegisterOutput } from './wire/register.ts';

/** What the server does behind the router: one function for each procedure. Expected errors are `CashbackError`s. */
export interface CashbackServices {
  register(input: RegisterInput): Promise<RegisterOutput>;
  /**
   * Each input has an output or an error of its own, in its place. Inputs of one order take effect in their order.
   */
  registerMany(inputs: readonly RegisterInput[]): Promise<PromiseSettledResult<RegisterOutput>[]>;
  events(input: EventsInput): Promise<EventsOutput>;
  convergence(input: ConvergenceInput): Promise<ConvergenceOutput>;
  order(input: OrderInput): Promise<OrderOutput>;
  reconcile(input: ParsedReconcileInput): Promise<ReconcileOutput>;
  listAttention(input: AttentionListInput): Promise<AttentionListOutput>;
  countAttention(input: AttentionCountInput): Promise<AttentionCountOutput>;
  resumeAttention(input: ParsedAttentionResumeInput, caller: string): Promise<AttentionResumeOutput>;
  reportAttention(input: ParsedAttentionReportInput): Promise<AttentionReportOutput>;
  changePayee(input: ChangePayeeInput, caller: string): Promise<ChangePayeeOutput>;
  listHeld(input: BreakerListInput): Promise<BreakerListOutput>;
  releaseHeld(input: BreakerReleaseInput, caller: string): Promise<BreakerReleaseOutput>;
  putRates(input: OrderRates): Promise<OrderRates>;
  getRates(input: RatesGetInput): Promise<OrderRates>;
}
