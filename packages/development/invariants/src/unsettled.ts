import { type RunTables, selectOfRun } from './run-tables.ts';

/**
 * Orders whose newest invoice is not yet registered, adopted and rewarded but for what their wallets owe, and wallets whose
 * newest balance is not yet cached and pushed.
 */
export interface Unsettled {
  orders: number;
  wallets: number;
  /** Some of the orders, each with its state. */
  examples: { order_id: string; detail: string }[];
}

const EXAMPLES = 20;

// After a restore an adoption may change what the invoice of a settled order carries. It is observed soon.
const CARRIED =
  '(SELECT coalesce(sum(amount - refunded), 0) FROM transactions.baskets AS b WHERE b.invoice_id = i.invoice_id)';
const REWARDED =
  "(SELECT coalesce(sum((one ->> 'amount')::numeric), 0) FROM jsonb_array_elements(o.rewarded) AS one)";

export async function readUnsettled(tables: RunTables): Promise<Unsettled> {
  const orders = await selectOfRun<{ order_id: string; detail: string; total: string }>(
    tables,
    `SELECT i.invoice_id AS order_id, count(*) OVER () AS total,
            concat_ws(', ', format('invoice version %s (%s)', i.version, i.status),
              format('registered version %s, revision %s, settled %s', coalesce(o.invoice_version, 0), coalesce(o.revision, 0), coalesce(o.settled_revision, 0)),
              format('carries %s, rewarded %s', ${CARRIED}, ${REWARDED}), 'operation ' || o.operation_id, 'attention: ' || o.attention, 'processing: ' || c.attention) AS detail
       FROM transactions.invoices i
       LEFT JOIN cashback.order_clears o ON o.order_id = i.invoice_id
       LEFT JOIN processing.invoice_changes c ON c.order_id = i.invoice_id
      WHERE i.invoice_id LIKE $1
        AND ((o.settled_revision < o.revision OR o.attention IS NOT NULL)
                 AND (o.attention IS NULL OR o.attention_code IS DISTINCT FROM 'owed')
             OR o.operation_id IS NOT NULL
             OR i.reconciled_epoch < (SELECT max(epoch) FROM transactions.feed_epochs)
             OR (o.settled_revision = o.revision AND ${CARRIED} <> ${REWARDED})
             OR (i.status <> 'held'
                 AND (o.order_id IS NULL OR o.invoice_version <> i.version OR c.attention IS NOT NULL OR c.asks_again)))
      LIMIT ${EXAMPLES}`,
  );
  const wallets = await selectOfRun<{ total: string }>(
    tables,
    `SELECT count(*) AS total
       FROM trust.wallets w
       LEFT JOIN wallet.balances b USING (wallet_id)
      WHERE w.wallet_id LIKE $1 AND w.sequence > 0
        AND (b.sequence IS DISTINCT FROM w.sequence
             OR EXISTS (SELECT FROM wallet.pushes p WHERE p.wallet_id = w.wallet_id AND p.delivered_at IS NULL))`,
  );
  return {
    orders: Number(orders[0]?.total ?? 0),
    wallets: Number(wallets[0]?.total ?? 0),
    examples: orders.map(({ order_id, detail }) => ({ order_id, detail })),
  };
}
