import type { OrderOutput, OrderRates } from '@cashback/contract';
import type { ServiceAnswer } from '../gather/ask-service.ts';
import type { ConfiguredService, StatedInvoice } from '../gather/choose-inputs.ts';
import type { ChangeRow } from '../inbox/change.ts';
import type { Outcome, RegisterAnswers } from '../record/decide-next-attempt.ts';
import type { Drift } from './drift.ts';

/** What an attempt begins with. */
export type AttemptedOrder = Pick<
  ChangeRow,
  'order_id' | 'config_hash' | 'processed_epoch' | 'processed_version' | 'asks_again'
>;

export interface Attempt {
  order_id: string;
  change: AttemptedOrder;
  /** From 1 to `MAX_ROUNDS`. */
  round: number;
  answers: RegisterAnswers;
  /** What this round has read. A field is absent until it is read. */
  known: Known;
  /** Differences that the attempt has found and healed. */
  drifts: Drift[];
  /** Null while the attempt goes on. */
  outcome: Outcome | null;
}

export interface Known {
  /** Null: the order was never registered. */
  order?:
    | (Pick<OrderOutput, 'revision' | 'target' | 'receipt'> &
        Partial<Pick<OrderOutput, 'invoice_epoch' | 'invoice_version'>>)
    | null;
  invoice?: ReadInvoice;
  service_answer?: ServiceAnswer;
}

export type ReadInvoice =
  | { invoice: StatedInvoice; rates: OrderRates | null; service: ConfiguredService | undefined }
  | { unreadable: string };
