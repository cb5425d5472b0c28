import { type Database, type Transaction, statement } from '@cashback/postgres';

const readCursorStatement = statement<{ cursor: string | null }>({
  name: 'processing.read-cursor',
  text: 'SELECT cursor FROM processing.feed_cursors WHERE feed = $1',
  columns: { cursor: 'text?' },
});

/** Where the feed was read to; null is its beginning. */
export async function readCursor({ pool }: Database, feed: string): Promise<string | null> {
  const rows = await readCursorStatement.rows(pool, [feed]);
  return rows[0]?.cursor ?? null;
}

const moveCursorStatement = statement({
  name: 'processing.move-cursor',
  text: `
  INSERT INTO processing.feed_cursors AS stored (feed, cursor) VALUES ($1, $3)
  ON CONFLICT (feed) DO UPDATE SET cursor = excluded.cursor, updated_at = now()
  WHERE stored.cursor IS NOT DISTINCT FROM $2`,
  columns: {},
});

/** Moves the cursor, unless another instance has moved it from `from` meanwhile. */
export async function moveCursor(
  { client }: Transaction,
  { feed, from, to }: { feed: string; from: string | null; to: string | null },
): Promise<void> {
  await moveCursorStatement.run(client, [feed, from, to]);
}
