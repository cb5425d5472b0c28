import type { Database, Transaction } from '@cashback/postgres';

/** Where the feed was read to; null is its beginning. */
export async function readCursor({ pool }: Database, feed: string): Promise<string | null> {
  const text = 'SELECT cursor FROM processing.feed_cursors WHERE feed = $1';
  const { rows } = await pool.query<{ cursor: string | null }>({
    name: 'processing.read-cursor',
    text,
    values: [feed],
  });
  return rows[0]?.cursor ?? null;
}

const text = `
  INSERT INTO processing.feed_cursors AS stored (feed, cursor) VALUES ($1, $3)
  ON CONFLICT (feed) DO UPDATE SET cursor = excluded.cursor, updated_at = now()
  WHERE stored.cursor IS NOT DISTINCT FROM $2`;

/** Moves the cursor, unless another instance has moved it from `from` meanwhile. */
export async function moveCursor(
  { client }: Transaction,
  { feed, from, to }: { feed: string; from: string | null; to: string | null },
): Promise<void> {
  await client.query({ name: 'processing.move-cursor', text, values: [feed, from, to] });
}
