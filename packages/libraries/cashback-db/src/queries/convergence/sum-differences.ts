import type { Amount } from '@cashback/contract/amount';
import type { StandingOrders } from '@cashback/core';
import { type Reader, statement } from '@cashback/postgres';

interface Row {
  as_of: Date;
  /** Null, and so is the rest, when every order is settled. */
  service: string | null;
  currency: string | null;
  needs_attention: boolean | null;
  attention_code: string | null;
  orders: number | null;
  oldest_since: Date | null;
  /** Null for orders that have no event and nothing rewarded. */
  source: string | null;
  /** In ten-thousandths. */
  difference: string | null;
}

// A settled order's rewarded equals its target, so only the others are read: each of the two parts of `standing` is a
// partial index. The lateral join keeps the planner from reading all events: it takes a third of all orders for unsettled.
export const sumDifferencesStatement = statement<Row>({
  name: 'cashback.sum-differences',
  text: `
  WITH standing AS (
    SELECT order_id, service, currency, false AS needs_attention, NULL::text AS attention_code, unsettled_since AS since,
      rewarded
    FROM cashback.order_clears
    WHERE settled_revision < revision AND attention IS NULL AND ($1::text IS NULL OR service = $1)
    UNION ALL
    SELECT order_id, service, currency, true, attention_code, coalesce(attention_since, unsettled_since), rewarded
    FROM cashback.order_clears
    WHERE attention IS NOT NULL AND ($1::text IS NULL OR service = $1)
  ), amounts AS (
    SELECT service, currency, needs_attention, attention_code, newest.source, newest.value AS difference
    FROM standing CROSS JOIN LATERAL (
      SELECT DISTINCT ON (source) source, value
      FROM cashback.events
      WHERE events.order_id = standing.order_id
      ORDER BY source, revision DESC
    ) AS newest
    UNION ALL
    SELECT service, currency, needs_attention, attention_code, entry.source, -entry.amount::numeric
    FROM standing CROSS JOIN LATERAL jsonb_to_recordset(rewarded) AS entry (source text, amount text)
  ), counted AS (
    SELECT service, currency, needs_attention, attention_code, count(*)::int AS orders, min(since) AS oldest_since
    FROM standing
    GROUP BY service, currency, needs_attention, attention_code
  ), summed AS (
    SELECT service, currency, needs_attention, attention_code, source, sum(difference) AS difference
    FROM amounts
    GROUP BY service, currency, needs_attention, attention_code, source
  )
  SELECT moment.as_of, counted.service, counted.currency, counted.needs_attention, counted.attention_code,
    counted.orders, counted.oldest_since, summed.source, trim_scale(summed.difference * 10000)::text AS difference
  FROM (SELECT now() AS as_of) AS moment
  LEFT JOIN counted ON true
  LEFT JOIN summed ON summed.service = counted.service AND summed.currency = counted.currency
    AND summed.needs_attention = counted.needs_attention
    AND summed.attention_code IS NOT DISTINCT FROM counted.attention_code`,
  columns: {
    as_of: 'timestamptz',
    service: 'text?',
    currency: 'text?',
    needs_attention: 'bool?',
    attention_code: 'text?',
    orders: 'int4?',
    oldest_since: 'timestamptz?',
    source: 'text?',
    difference: 'text?',
  },
});

/**
 * Sum of targets - sum of rewarded of the orders that are not settled or need attention, by how they stand. One statement,
 * so all of one snapshot. Its cost grows with those orders, not with the settled ones.
 */
export async function sumDifferences(
  reader: Reader,
  service: string | null,
): Promise<{ as_of: Date; standing: StandingOrders[] }> {
  const rows = await sumDifferencesStatement.rows(reader, [service]);
  const groups = new Map<string, StandingOrders & { difference: Record<string, Amount> }>();
  for (const { source, difference, as_of: _, ...row } of rows) {
    const orders = standingOf(row);
    if (orders === null) continue;
    const key = JSON.stringify([row.service, row.currency, row.needs_attention, row.attention_code]);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { ...orders, difference: {} }));
    if (source !== null && difference !== null) group.difference[source] = BigInt(difference);
  }
  const as_of = rows[0]?.as_of;
  if (as_of === undefined) throw new Error('a statement that always returns a row returned none');
  return { as_of, standing: [...groups.values()] };
}

function standingOf(
  row: Omit<Row, 'as_of' | 'source' | 'difference'>,
): Omit<StandingOrders, 'difference'> | null {
  const { service, currency, needs_attention, attention_code, orders, oldest_since } = row;
  if (service === null || currency === null || needs_attention === null) return null;
  if (orders === null || oldest_since === null) return null;
  return { service, currency, needs_attention, attention_code, orders, oldest_since };
}
