import { CASHBACK_FEED, observeSince, startEventsEpoch } from '@cashback/cashback-db';
import {
  type Database,
  type Statement,
  type Transaction,
  statement,
  withTransaction,
} from '@cashback/postgres';
import { startEpoch } from '@cashback/transactions/epoch';

/** What can be restored, and keeps a feed of its own. */
export type Side = 'transactions' | 'server';
export const SIDES: readonly Side[] = ['transactions', 'server'];

interface BeforeRow {
  /** Null: no epoch is older. */
  from: number | null;
  /** The database keeps the orders as well. */
  has_orders: boolean;
}

interface SideRules {
  start: (tx: Transaction) => Promise<number>;
  before: Statement<BeforeRow>;
}

const COLUMNS = { from: 'int4?', has_orders: 'bool' } as const;
const epochBeforeOf = (schema: string) =>
  `SELECT max(epoch) AS from, to_regclass('cashback.feed_cursors') IS NOT NULL AS has_orders
  FROM ${schema}.feed_epochs WHERE epoch < $1`;

const RULES: Readonly<Record<Side, SideRules>> = {
  transactions: {
    start: startEpoch,
    before: statement<BeforeRow>({
      name: 'operator.transactions-epoch-before',
      text: epochBeforeOf('transactions'),
      columns: COLUMNS,
    }),
  },
  server: {
    start: startEventsEpoch,
    before: statement<BeforeRow>({
      name: 'operator.server-epoch-before',
      text: epochBeforeOf('cashback'),
      columns: COLUMNS,
    }),
  },
};

/** Clocks differ, and an order's row may be written some time after its invoice was read. */
const MARGIN_MS = 600_000;

export interface EpochReport {
  side: Side;
  /** The newest epoch before. */
  from: number;
  to: number;
  /**
   * The worker observes all orders that changed since then. Null: no time was given, or the orders are kept in another
   * database.
   */
  observe_since: string | null;
}

/**
 * Begins a new epoch of a side that was restored. With `restored_to` the worker observes each order that changed at that
 * time, less a margin, or later. Both are stored together.
 */
export function startEpochOf(database: Database, side: Side, restored_to: Date | null): Promise<EpochReport> {
  const { start, before } = RULES[side];
  return withTransaction(database, async (tx) => {
    const to = await start(tx);
    const [row] = await before.rows(tx.client, [to]);
    const from = row?.from ?? 0;
    const has_orders = row?.has_orders ?? false;
    if (restored_to === null || !has_orders) return { side, from, to, observe_since: null };
    const since = new Date(restored_to.getTime() - MARGIN_MS);
    const observed = await observeSince(tx.client, CASHBACK_FEED, since);
    return { side, from, to, observe_since: observed.toISOString() };
  });
}
