import type { Payee } from '@cashback/contract';
import type { Amount } from '@cashback/contract/amount';
import type { AmountsBySource } from '@cashback/contract/source';
import type { StepFailures } from '@cashback/processing/decisions';
import type { BreakerBounds } from '@cashback/server/decisions';
import type { UnadoptedPlace, WalkProgress } from '@cashback/transactions/decisions';
import type { Invoice } from '@cashback/wire';
import type { UnobservedChanges } from '@cashback/worker/decisions';
import type { WalletPolicies } from '@cashback/transactions/decisions';
import type { Decisions } from './decisions.ts';
import type { Engine } from './engine/engine.ts';
import type { Flow } from './engine/flow.ts';
import type { JobQueue } from './engine/job-queue.ts';
import type { Seen } from './seen.ts';
import type { AppRelease } from './shells/app-release.ts';
import type { Story } from './story.ts';
import type { Archive, OrderRow, Tables, TrustBasketRow, TrustRefundRow } from './tables.ts';

/** What the simulated apps share. */
export interface World {
  engine: Engine;
  tables: Tables;
  /** By how much the targets of a service may grow in a window. */
  bounds: BreakerBounds;
  /** All that was ever committed, also what a restore has lost. */
  archive: Archive;
  charges: JobQueue;
  /** The worker reconciles an order that is due, or that a callback is about. */
  poll(orderId: string, isRequested: boolean): Flow<void>;
  changes: JobQueue;
  advances: JobQueue;
  /** Numbers the transactions that change an invoice. */
  xacts: number;
  /** In the memory of the worker. */
  unobserved: { life: number; changes: UnobservedChanges };
  /** In the memory of processing; null: it has attempted nothing yet. */
  step_failures: { life: number; failures: StepFailures } | null;
  /** How far transactions has compared invoices with Trust, in its memory. */
  walk: { life: number; after: UnadoptedPlace; progress: WalkProgress; resumes_at: number };
  /** The orders' rows whose parts were summed last. */
  summed: readonly OrderRow[];
  /** How the invariants count by how much the targets have grown. */
  growth: Growth;
  /** Orders whose job was lost with the queue, until they are enqueued again. */
  forgotten: Set<string>;
  /** How many of its newest operations an invoice lists. */
  shown_operations: number;
  /** The newest few answers of transactions about each invoice. */
  answers: Map<string, Invoice[]>;
  /** A second worker and a second processing share the work. */
  has_second_sender: boolean;
  /** Runs beside this release; null: none does. */
  older_release: AppRelease | null;
  /** Whether transactions offers the feed of changed cashback. */
  offers_cashback_feed: boolean;
  stories: Story[];
  /** Whether processing audits its changes, and the worker its orders: without that only callbacks and feeds bring them up again. */
  has_audits: boolean;
  audits_orders: boolean;
  /** What refunds do to a wallet that was spent. With any, billing's callbacks go to the worker, too. */
  wallet_policies: WalletPolicies;
  /** The payee that was stated last, of each order whose payee was changed. */
  payees: Map<string, Payee>;
  /** Incidents that go on. */
  incidents: number;
  /** How requests ended at Trust before it was restored. */
  trust_ends: Map<string, TrustBasketRow | TrustRefundRow>;
  /** Trust keeps other amounts than it is asked for, until a person corrects them: what was asked for, by id. */
  keeps_other_content: boolean;
  other_content: Map<string, Amount>;
  /** Where Trust has no list, the newest epoch that was compared with its export; null: it has one. */
  compared: number | null;
  /** A person compares it when an order needs that. */
  compares: boolean;
  /** When schema cashback was restored last. */
  restored_at: number | null;
  /** When transactions began an epoch last. */
  epoch_at: number;
  /** Trust was restored, and lacks money that it had moved. */
  lacks_money: boolean;
  /** The epoch of transactions that began after Trust was restored; null: none yet. */
  compared_from: number | null;
  /** The wallet reads the feed of Trust. */
  follows_balances: boolean;
  /** When something from outside changed an order or its apps last. */
  disturbed_at: number;
  /** Something else changes the cashback again and again, until it has more often than an order is healed in a day. */
  keeps_writing: boolean;
  /** Workers of an older release wrote rows, without the newest columns. */
  lacks_columns: boolean;
  /** How the invariants find what the step before them changed. */
  seen: Seen;
  /** What the apps run: the product's functions, or one of them with a planted bug. */
  decisions: Decisions;
}

/** The breaker, counted a second time. */
export interface Growth {
  /** What may be sent of each order's newest revision. */
  sendable: Map<string, { revision: number; amounts: AmountsBySource }>;
  /** What passed, by service and window. */
  windows: Map<string, bigint>;
}
