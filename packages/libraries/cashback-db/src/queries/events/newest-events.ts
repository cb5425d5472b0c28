/*
 * The newest event of each source is an order's target. Two ways to find it:
 *
 *   few revisions: read the order's events, and keep the newest of each source; the cheapest way for many orders at once
 *   many:          from the end of the primary key, one step a source, however many revisions there are
 */

/** An order with more revisions than this has its newest events found one source at a time. */
const FEW_REVISIONS = 100;

/** A table `(source, value)` with the newest event of each source of one order, in one step a source. */
export function newestEventsOf(orderId: string): string {
  return `(
      WITH RECURSIVE step AS (
        (
          SELECT source, value FROM cashback.events WHERE events.order_id = ${orderId}
          ORDER BY source DESC, revision DESC LIMIT 1
        )
        UNION ALL
        SELECT found.source, found.value FROM step CROSS JOIN LATERAL (
          SELECT source, value FROM cashback.events WHERE events.order_id = ${orderId} AND events.source < step.source
          ORDER BY source DESC, revision DESC LIMIT 1
        ) AS found
      )
      SELECT source, value FROM step
    )`;
}

/**
 * A table `newest (order_id, source, value)` for a statement that has the table `stored`, with `order_id` and `revision`
 * of the orders. To read all events of an order with 40,000 revisions would hold up its whole batch.
 */
export const NEWEST_EVENTS = `newest AS (
    (
      SELECT DISTINCT ON (order_id, source) order_id, source, value
      FROM cashback.events
      WHERE order_id = ANY(ARRAY(SELECT order_id FROM stored WHERE revision <= ${FEW_REVISIONS}))
      ORDER BY order_id, source, revision DESC
    )
    UNION ALL
    SELECT stored.order_id, last.source, last.value
    FROM stored CROSS JOIN LATERAL ${newestEventsOf('stored.order_id')} AS last
    WHERE stored.revision > ${FEW_REVISIONS}
  )`;

/** The rule of these tables, of all events of one order: the newest one of each source. A test holds the SQL against it. */
export function newestEvents<Event extends { source: string; revision: number }>(
  events: readonly Event[],
): Event[] {
  const newest = new Map<string, Event>();
  for (const event of events) {
    const known = newest.get(event.source);
    if (known === undefined || known.revision < event.revision) newest.set(event.source, event);
  }
  return [...newest.values()];
}
