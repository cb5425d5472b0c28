import type { OrderOutput, OrderRates } from '@cashback/contract';
import type { ServiceAnswer } from '../gather/service-answer.ts';
import type { ConfiguredService, StatedInvoice } from '../gather/choose-inputs.ts';
import type { ChangeRow } from '../inbox/change.ts';
import type { Outcome, RegisterAnswers } from '../record/decide-next-attempt.ts';
import type { Drift } from './drift.ts';

/** What an attempt begins with. */
export type AttemptedOrder = Pick<
  ChangeRow,
  | 'order_id'
  | 'service'
  | 'config_hash'
  | 'processed_epoch'
  | 'processed_version'
  | 'asks_again'
  | 'brought_by'
>;

export interface Attempt {
  order_id: string;
  change: AttemptedOrder;
  /** From 1 to `MAX_ROUNDS`. */
  round: number;
  answers: RegisterAnswers;
  /** The inputs that this round has read. A field is absent until it is read. */
  known: Known;
  /** Differences that the attempt has found and healed. */
  drifts: Drift[];
  /** Null while the attempt goes on. */
  outcome: Outcome | null;
}

export interface Known {
  /** Null: the order was never registered. */
  order?: (Pick<OrderOutput, 'revision' | 'target' | 'receipt'> & Partial<StatedOrder>) | null;
  invoice?: ReadInvoice;
  service_answer?: ServiceAnswer;
}

/** What a register states, as the server has it. */
export type StatedOrder = Pick<
  OrderOutput,
  'service' | 'user_id' | 'wallet_id' | 'currency' | 'invoice_epoch' | 'invoice_version' | 'cleared_sum'
>;

export type ReadInvoice =
  /** The settings of its service are still to be found. */
  { invoice: StatedInvoice; rates: OrderRates | null } | GatheredInvoice | { unreadable: string };

export interface GatheredInvoice {
  invoice: StatedInvoice;
  rates: OrderRates | null;
  /** Undefined: the service has no settings. */
  service: ConfiguredService | undefined;
}
