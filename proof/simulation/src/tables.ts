import type { NewDrift, NewEvent, NewOperation, NewOperationOutcome } from '@cashback/cashback-db';
import type { Amount } from '@cashback/contract/amount';
import type { AmountsBySource, Source } from '@cashback/contract/source';
import type { FeedPlace } from '@cashback/core';
import type { CashbackChange, WalletPolicy } from '@cashback/wire';
import type { ChangeRow } from '@cashback/processing/decisions';
import type { OrderRow, WindowRow } from '@cashback/server/decisions';
import type {
  AdoptedStep,
  BasketRow,
  ChangePosition,
  HistoryEntry,
  InvoiceRow,
  OperationRow,
  StepRow,
} from '@cashback/transactions/decisions';
import type { AdoptionWrites, BalanceRow } from '@cashback/wallet/decisions';

export type { OrderRow };

/** The rows of every app, which outlive its process. Times are virtual milliseconds. */
export interface Tables {
  orders: Map<string, OrderRow>;
  events: NewEvent[];
  /** By service and currency. */
  breaker_windows: Map<string, WindowRow>;
  /** The worker's intents; immutable. */
  operations: Map<string, NewOperation & { created_at: number }>;
  outcomes: Map<string, OutcomeRow>;
  drifts: NewDrift[];
  changes: Map<string, ChangeTableRow>;
  /** How far processing and the worker have read the feeds of transactions. One row each. */
  invoice_feed: FeedPlace[];
  cashback_feed: FeedPlace[];
  /** The newest one is last. */
  invoice_epochs: number[];
  invoices: Map<string, InvoiceRow>;
  /** The places of invoices in their feed, and every change of their cashback in its own. */
  invoice_places: Map<string, ChangePosition>;
  cashback_changes: { change: CashbackChange; place: ChangePosition }[];
  /** By invoice and version. */
  invoice_history: Map<string, HistoryEntry>;
  cashback_operations: Map<string, OperationRow>;
  /** By operation and step number, in the order in which they were planned. */
  operation_steps: Map<string, StepRow>;
  /** The baskets that transactions knows Trust to have, oldest first. */
  baskets: Map<string, BasketRow>;
  /** What was taken over from Trust after a restore, by its key there. */
  adopted_steps: Map<string, AdoptedStep>;
  trust_epochs: number[];
  trust_baskets: Map<string, TrustBasketRow>;
  trust_refunds: Map<string, TrustRefundRow>;
  trust_wallets: Map<string, TrustWalletRow>;
  /** Money of wallets that is no cashback: paid in, or spent as an amount below zero. */
  other_money: Amount[];
  balances: Map<string, BalanceRow>;
  /** How far the wallet has read the feed of Trust. One row. */
  balance_feed: FeedPlace[];
  /** In the order in which the balances were adopted. */
  pushes: (AdoptionWrites['push'] & { origin: 'callback' | 'check' })[];
}

export interface Archive {
  events: NewEvent[];
  operations: Map<string, NewOperation>;
  outcomes: Map<string, OutcomeRow[]>;
  /** By the step's key at Trust. */
  steps: Map<string, StepRow>;
  /** What invoices carried while nothing was in flight, by invoice, epoch and version of the cashback. */
  carried: Map<string, AmountsBySource>;
}

interface OutcomeRow extends NewOperationOutcome {
  at: number;
}

/** A row of the inbox, with times of the virtual clock. */
export interface ChangeTableRow extends Omit<ChangeRow, 'waited_ms' | 'next_attempt_in_ms' | 'audit_in_ms'> {
  waiting_since: number | null;
  next_attempt_at: number;
  audit_at: number | null;
}

export interface TrustBasketRow {
  basket_id: string;
  order_id: string;
  wallet_id: string;
  user_id: string;
  source: Source;
  amount: Amount;
  status: 'pending' | 'success' | 'failed';
}

export interface TrustRefundRow {
  refund_id: string;
  basket_id: string;
  amount: Amount;
  wallet_policy: WalletPolicy;
  status: 'pending' | 'success' | 'failed';
  /** What a refund found in the wallet; null: all of its amount. */
  taken: Amount | null;
  reason: string | null;
}

export interface TrustWalletRow {
  balance: Amount;
  sequence: number;
  /** In the feed of changed balances. */
  place: number;
  moved_at: number;
}

const FIRST_EPOCH = 1;

export function newestEpoch(epochs: readonly number[]): number {
  return epochs.at(-1) ?? FIRST_EPOCH;
}

export function createArchive(): Archive {
  return { events: [], operations: new Map(), outcomes: new Map(), steps: new Map(), carried: new Map() };
}

export function createTables(): Tables {
  return {
    orders: new Map(),
    events: [],
    breaker_windows: new Map(),
    operations: new Map(),
    outcomes: new Map(),
    drifts: [],
    changes: new Map(),
    invoice_feed: [],
    cashback_feed: [],
    invoice_epochs: [FIRST_EPOCH],
    invoices: new Map(),
    invoice_places: new Map(),
    cashback_changes: [],
    invoice_history: new Map(),
    cashback_operations: new Map(),
    operation_steps: new Map(),
    baskets: new Map(),
    adopted_steps: new Map(),
    trust_epochs: [FIRST_EPOCH],
    trust_baskets: new Map(),
    trust_refunds: new Map(),
    trust_wallets: new Map(),
    other_money: [],
    balances: new Map(),
    balance_feed: [],
    pushes: [],
  };
}
