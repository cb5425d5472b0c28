import { type RunTables, selectOfRun } from './run-tables.ts';

/**
 * What is not at rest: orders with work under way, wallets whose newest balance is not yet cached and pushed, and walks
 * over all orders that a restore has begun. At rest nothing changes any more but what a wallet owes.
 */
export interface Unsettled {
  orders: number;
  wallets: number;
  walks: number;
  /** Some of the orders, each with its state. */
  examples: { order_id: string; detail: string }[];
}

const EXAMPLES = 20;

const OWES = "coalesce(o.attention IS NOT NULL AND o.attention_code = 'owed', false)";
const IS_SETTLED = 'o.settled_revision = o.revision AND o.attention IS NULL';
const CARRIED = `(
  SELECT coalesce(jsonb_object_agg(source, carried), '{}')
    FROM (SELECT source, sum(amount - refunded) AS carried FROM transactions.baskets AS b
           WHERE b.invoice_id = i.invoice_id GROUP BY source HAVING sum(amount - refunded) <> 0) AS by_source)`;
const REWARDED = `(
  SELECT coalesce(jsonb_object_agg(r.source, r.amount::numeric), '{}')
    FROM jsonb_to_recordset(o.rewarded) AS r(source text, amount text) WHERE r.amount::numeric <> 0)`;

/**
 * Every kind of work under way at an order, by the rows of its invoice `i`, the order `o` and its change at processing `c`.
 * A job and an unsent callback are none of them: both are hints of what these rows show, and change nothing where the rows
 * agree. The callback of a balance is one while the wallet owes: it begins an attempt.
 */
const WORK: readonly [what: string, isUnderWay: string][] = [
  ['no invoice', 'i.invoice_id IS NULL'],
  ['not registered', "i.status <> 'held' AND (o.order_id IS NULL OR o.invoice_version <> i.version)"],
  ['not settled', `(o.settled_revision < o.revision OR o.attention IS NOT NULL) AND NOT ${OWES}`],
  ['an operation of the worker is open', 'o.operation_id IS NOT NULL'],
  // A settled order is observed again: by an audit, a feed or a person. Else it has no time.
  ['about to be observed', `o.poll_at <= now() OR (${IS_SETTLED} AND o.poll_at IS NOT NULL)`],
  [
    'its debt is about to be collected',
    `${OWES}
     AND (o.due_by = 'balance'
          OR o.wallet_id IN (SELECT payload ->> 'wallet_id' FROM trust.callbacks WHERE receiver = 'balance'))`,
  ],
  ['its change of payee is at one side only', '(o.user_id, o.wallet_id) <> (i.user_id, i.wallet_id)'],
  [
    'a resume is not taken up',
    'o.order_id IN (SELECT order_id FROM cashback.reported_attention WHERE resume_of = since)',
  ],
  [
    'processing is at work',
    `i.status <> 'held'
     AND (c.attention IS NOT NULL OR c.asks_again OR c.answered_hints < c.hints
          OR (c.processed_epoch, c.processed_version) < (c.seen_epoch, c.seen_version))`,
  ],
  // Also the other way round, after a restore: an adoption may change what the invoice of a settled order carries.
  ['the invoice carries what was not observed', `o.order_id IS NOT NULL AND ${CARRIED} <> ${REWARDED}`],
  ['its cashback changed since it was observed', 'o.cashback_version < i.cashback_version'],
  ['not adopted', 'i.reconciled_epoch < (SELECT max(epoch) FROM transactions.feed_epochs)'],
  [
    'an operation of transactions is unfinished',
    "i.invoice_id IN (SELECT invoice_id FROM transactions.cashback_operations WHERE status IN ('init', 'in-progress'))",
  ],
  [
    'Trust is at work',
    `i.invoice_id IN (SELECT order_id FROM trust.baskets WHERE status = 'pending'
                       UNION ALL
                      SELECT order_id FROM trust.refunds r JOIN trust.baskets USING (basket_id) WHERE r.status = 'pending')`,
  ],
];

const UNDER_WAY = WORK.map(([what, isUnderWay]) => `CASE WHEN ${isUnderWay} THEN '${what}' END`);

const ORDERS = `
  SELECT order_id, count(*) OVER () AS total, concat_ws(', ', under_way, state) AS detail
    FROM (SELECT coalesce(i.invoice_id, o.order_id) AS order_id, concat_ws(', ', ${UNDER_WAY.join(', ')}) AS under_way,
                 concat_ws(', ', format('invoice version %s (%s)', i.version, i.status),
                   format('registered version %s, revision %s, settled %s', coalesce(o.invoice_version, 0), coalesce(o.revision, 0), coalesce(o.settled_revision, 0)),
                   format('carries %s, rewarded %s', ${CARRIED}, ${REWARDED}), 'operation ' || o.operation_id,
                   'attention: ' || o.attention, 'processing: ' || c.attention) AS state
            FROM (SELECT * FROM transactions.invoices WHERE invoice_id LIKE $1) AS i
            FULL JOIN (SELECT * FROM cashback.order_clears WHERE order_id LIKE $1) AS o ON o.order_id = i.invoice_id
            LEFT JOIN processing.invoice_changes AS c ON c.order_id = i.invoice_id) AS orders
   WHERE under_way <> ''
   LIMIT ${EXAMPLES}`;

// A callback of billing that is still to come has an older balance than the newest, so it changes nothing.
const WALLETS = `
  SELECT count(*) AS total
    FROM trust.wallets w
    LEFT JOIN wallet.balances b USING (wallet_id)
   WHERE w.wallet_id LIKE $1 AND w.sequence > 0
     AND ((b.sequence, b.balance) IS DISTINCT FROM (w.sequence, w.balance)
          OR EXISTS (SELECT FROM wallet.pushes p WHERE p.wallet_id = w.wallet_id AND p.delivered_at IS NULL))`;

const WALKS = `
  SELECT (SELECT count(*) FROM cashback.feed_cursors WHERE observe_since IS NOT NULL OR reads_again)
       + (SELECT count(*) FROM processing.feed_cursors WHERE reads_again) AS total`;

export async function readUnsettled(tables: RunTables): Promise<Unsettled> {
  const orders = await selectOfRun<{ order_id: string; detail: string; total: string }>(tables, ORDERS);
  const [wallets] = await selectOfRun<{ total: string }>(tables, WALLETS);
  const walks = await tables.sql.query<{ total: string }>(WALKS);
  return {
    orders: Number(orders[0]?.total ?? 0),
    wallets: Number(wallets?.total ?? 0),
    walks: Number(walks.rows[0]?.total ?? 0),
    examples: orders.map(({ order_id, detail }) => ({ order_id, detail })),
  };
}
