import { type Reader, statement } from '@cashback/postgres';

/** Which orders are still to be observed after a restore of the side whose feed it is. */
export interface Observing {
  /** The orders that changed since then are observed. Null: none is left to do. */
  observe_since: Date | null;
  /** The last order that was made due for it. */
  observed_to: string;
}

const readObservingStatement = statement<Observing>({
  name: 'cashback.read-observing',
  text: 'SELECT observe_since, observed_to FROM cashback.feed_cursors WHERE feed = $1',
  columns: { observe_since: 'timestamptz?', observed_to: 'text' },
});

export async function readObserving(reader: Reader, feed: string): Promise<Observing> {
  const [observing] = await readObservingStatement.rows(reader, [feed]);
  return observing ?? { observe_since: null, observed_to: '' };
}

const observeSinceStatement = statement<{ observe_since: Date }>({
  name: 'cashback.observe-since',
  text: `
  INSERT INTO cashback.feed_cursors AS stored (feed, observe_since)
  VALUES ($1, $2)
  ON CONFLICT (feed) DO UPDATE SET
    observe_since = least(stored.observe_since, excluded.observe_since),
    observed_to = '',
    updated_at = now()
  RETURNING observe_since`,
  columns: { observe_since: 'timestamptz!' },
});

/** From now on the worker observes all orders that changed since then, or since an earlier time that was asked for before. */
export async function observeSince(reader: Reader, feed: string, since: Date): Promise<Date> {
  const [row] = await observeSinceStatement.rows(reader, [feed, since]);
  return row?.observe_since ?? since;
}

const moveObservedStatement = statement({
  name: 'cashback.move-observed',
  text: `
  UPDATE cashback.feed_cursors SET
    observed_to = coalesce($4, ''),
    observe_since = CASE WHEN $4::text IS NOT NULL THEN observe_since END,
    updated_at = now()
  WHERE feed = $1 AND observe_since = $2 AND observed_to = $3`,
  columns: {},
});

/** The orders up to `last` are done; null: all are. Keeps what another worker or a new request has changed meanwhile. */
export async function moveObserved(
  reader: Reader,
  { feed, from, last }: { feed: string; from: Observing; last: string | null },
): Promise<void> {
  await moveObservedStatement.run(reader, [feed, from.observe_since, from.observed_to, last]);
}
