import type { Violation } from './invariants.ts';
import { runChecks } from './run-checks.ts';
import type { RunTables } from './run-tables.ts';

const NEWEST_EVENTS = `
  SELECT DISTINCT ON (order_id, source) order_id, source, value FROM cashback.events
   WHERE order_id LIKE $1 ORDER BY order_id, source, revision DESC`;
/** The movements of each order, from Trust's own log. A wallet that becomes the payee's again is another payee's by its baskets. */
const MOVED = `
  SELECT order_id, c.source, m.wallet_id, m.sequence, coalesce(b.payee_version, 1) AS payee_version,
         CASE m.kind WHEN 'topup' THEN m.amount ELSE -m.amount END AS moved
    FROM trust.wallet_movements m
    JOIN (SELECT 'topup' AS kind, basket_id AS cause, order_id, source, basket_id FROM trust.baskets WHERE order_id LIKE $1
          UNION ALL
          SELECT 'refund', refund_id, order_id, source, basket_id FROM trust.refunds JOIN trust.baskets USING (basket_id) WHERE order_id LIKE $1) c
      USING (kind, cause)
    LEFT JOIN transactions.baskets b ON (b.invoice_id, b.basket_id) = (c.order_id, c.basket_id)`;
const REWARDED = `
  SELECT invoice_id AS order_id, source, sum(amount - refunded) AS rewarded FROM transactions.baskets
   WHERE invoice_id LIKE $1 GROUP BY invoice_id, source`;

/** The amounts that the wallet of an order lacked when they were to be taken back. */
const OWED = `
  SELECT order_id, o.source, o.amount::numeric AS owed
    FROM cashback.order_clears, jsonb_to_recordset(attention_details -> 'owed') AS o(source text, amount text)
   WHERE order_id LIKE $1 AND attention IS NOT NULL AND attention_code = 'owed'`;

/** The payees of an order, where a refund found less than it was to take: each of them may owe as much as the last one gets. */
const OWING_PAYEES = `
  SELECT invoice_id AS order_id, payee_version AS payees FROM transactions.invoices
   WHERE invoice_id LIKE $1 AND invoice_id IN (
     SELECT order_id FROM trust.refunds r JOIN trust.baskets USING (basket_id) WHERE r.taken < r.amount)`;

/** Orders the states of an invoice: no version says anything about one of another epoch. */
const AGE = 'ARRAY[invoice_epoch, invoice_version]';

/** Invariants 1, 2, 3, 4 and 8, by the tables and Trust's own log: each query returns the rows that contradict it. */
export function checkOrders(tables: RunTables): Promise<Violation[]> {
  return runChecks(tables, CHECKS);
}

const CHECKS = [
  {
    invariant: 1,
    query: `
      SELECT order_id, format('%s: target %s, owed %s, rewarded %s', source, coalesce(value, 0), coalesce(owed, 0), coalesce(rewarded, 0)) AS detail
        FROM (${NEWEST_EVENTS}) t FULL JOIN (${OWED}) d USING (order_id, source) FULL JOIN (${REWARDED}) r USING (order_id, source)
       WHERE coalesce(value, 0) + coalesce(owed, 0) <> coalesce(rewarded, 0)
      UNION ALL
      SELECT order_id, format('%s: target %s, owed %s, moved at Trust %s', source, coalesce(value, 0), coalesce(owed, 0), coalesce(moved, 0))
        FROM (${NEWEST_EVENTS}) t FULL JOIN (${OWED}) d USING (order_id, source)
        FULL JOIN (SELECT order_id, source, sum(moved) AS moved FROM (${MOVED}) m GROUP BY order_id, source) r USING (order_id, source)
       WHERE coalesce(value, 0) + coalesce(owed, 0) <> coalesce(moved, 0)
      UNION ALL
      SELECT order_id, format('%s: wallet %s of an earlier payee carries %s', source, w.wallet_id, moved)
        FROM (SELECT order_id, source, wallet_id, sum(moved) AS moved FROM (${MOVED}) m GROUP BY order_id, source, wallet_id) w
        JOIN transactions.invoices i ON i.invoice_id = order_id AND i.wallet_id <> w.wallet_id
        LEFT JOIN (${OWED}) d USING (order_id, source)
       WHERE moved < 0 OR moved > coalesce(owed, 0)`,
  },
  {
    invariant: 2,
    query: `
      SELECT c.order_id, format('acknowledged at version %s, stored %s', c.processed_version, coalesce(o.invoice_version::text, 'nothing')) AS detail
        FROM processing.invoice_changes c
        JOIN transactions.invoice_history h ON h.invoice_id = c.order_id AND h.version = c.processed_version
        LEFT JOIN cashback.order_clears o USING (order_id)
       WHERE c.order_id LIKE $1 AND h.status <> 'held' AND (coalesce(o.invoice_epoch, 1), coalesce(o.invoice_version, 0)) < (c.processed_epoch, c.processed_version)`,
  },
  {
    invariant: 3,
    query: `
      SELECT order_id, format('revision %s is of invoice version %s, after version %s', revision, age, before) AS detail
        FROM (SELECT order_id, revision, ${AGE} AS age, lag(${AGE}) OVER w AS before
                FROM cashback.events WHERE order_id LIKE $1
              WINDOW w AS (PARTITION BY order_id ORDER BY revision)) e
       WHERE before > age
      UNION ALL
      SELECT order_id, format('stored version %s, newest event of version %s', o.age, max(e.age))
        FROM (SELECT order_id, ${AGE} AS age FROM cashback.order_clears WHERE order_id LIKE $1) o
        JOIN (SELECT order_id, ${AGE} AS age FROM cashback.events WHERE order_id LIKE $1) e USING (order_id)
       GROUP BY order_id, o.age HAVING max(e.age) > o.age`,
  },
  {
    invariant: 4,
    query: `
      SELECT o.order_id, format('cashback_sum %s, events %s', o.cashback_sum, coalesce(t.sum, 0)) AS detail
        FROM cashback.order_clears o
        LEFT JOIN (SELECT order_id, sum(value) FROM (${NEWEST_EVENTS}) n GROUP BY order_id) t USING (order_id)
       WHERE o.order_id LIKE $1 AND o.cashback_sum <> coalesce(t.sum, 0)`,
  },
  {
    // The amounts in every outcome, in the baskets now, and in Trust's own log after each movement, there of each payee.
    invariant: 8,
    query: `
      SELECT order_id, format('%s: rewarded %s, largest target %s', source, rewarded, coalesce(largest, 0)) AS detail
        FROM (SELECT order_id, source, rewarded, coalesce(payees, 1) AS payees
                FROM (SELECT order_id, r.source, r.amount::numeric AS rewarded
                        FROM cashback.operation_outcomes, jsonb_to_recordset(rewarded) AS r(source text, amount text)
                       WHERE order_id LIKE $1
                      UNION ALL ${REWARDED}) of_all LEFT JOIN (${OWING_PAYEES}) o USING (order_id)
              UNION ALL
              SELECT order_id, source, sum(moved) OVER (PARTITION BY order_id, source, wallet_id, payee_version ORDER BY sequence), 1
                FROM (${MOVED}) m) seen
        LEFT JOIN (SELECT order_id, source, max(value) AS largest FROM cashback.events
                    WHERE order_id LIKE $1 GROUP BY order_id, source) l USING (order_id, source)
       WHERE rewarded < 0 OR rewarded > payees * coalesce(largest, 0)`,
  },
] as const;
