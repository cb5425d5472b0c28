import { statement } from '../statements/statement.ts';
import type { Reader } from '../statements/reader.ts';

/** How far a feed of another side was read. */
interface Place {
  cursor: string | null;
  epoch: number | null;
  reads_again: boolean;
  behind_since: Date | null;
}

export interface StoredPlace extends Place {
  /** Up to when the feed is read: when a reader was at its end last, less what the feed held back then; null: never yet. */
  caught_up_at: Date | null;
  /** By the database's clock, which also wrote the other moments. */
  now: Date;
}

export interface FeedPlaces {
  /** How far the feed was read. */
  read(reader: Reader, feed: string): Promise<StoredPlace>;
  /**
   * False: another reader has moved the place from `from` meanwhile. `lag_ms`: the age of the oldest change that the feed
   * holds back behind this place; null: it is not the feed's end.
   */
  move(
    reader: Reader,
    moved: { feed: string; from: Pick<Place, 'cursor' | 'epoch'>; to: Place; lag_ms: number | null },
  ): Promise<boolean>;
}

/**
 * Declares the statements of an owner's table of places, a row for each feed that it reads. `first_reads_again`: a feed
 * that was never read is read as after a restore.
 */
export function feedPlaces({
  read,
  move,
  table,
  first_reads_again,
}: {
  /** The names of the two statements. */
  read: string;
  move: string;
  table: string;
  first_reads_again: boolean;
}): FeedPlaces {
  const readStatement = statement<StoredPlace>({
    name: read,
    text: `
    SELECT stored.cursor, stored.epoch::float8 AS epoch, coalesce(stored.reads_again, ${first_reads_again}) AS reads_again,
      stored.behind_since, stored.caught_up_at, now() AS now
    FROM (SELECT $1::text AS feed) AS asked LEFT JOIN ${table} AS stored USING (feed)`,
    columns: {
      cursor: 'text?',
      epoch: 'float8?',
      reads_again: 'bool!',
      behind_since: 'timestamptz?',
      caught_up_at: 'timestamptz?',
      now: 'timestamptz',
    },
  });
  const moveStatement = statement({
    name: move,
    text: `
    INSERT INTO ${table} AS stored (feed, cursor, epoch, reads_again, behind_since, caught_up_at)
    VALUES ($1, $4, $5, $6, $7, now() - $8::float8 * interval '1 millisecond')
    ON CONFLICT (feed) DO UPDATE SET
      cursor = excluded.cursor,
      epoch = excluded.epoch,
      reads_again = excluded.reads_again,
      behind_since = excluded.behind_since,
      caught_up_at = greatest(excluded.caught_up_at, stored.caught_up_at),
      updated_at = now()
    WHERE stored.cursor IS NOT DISTINCT FROM $2 AND stored.epoch IS NOT DISTINCT FROM $3`,
    columns: {},
  });
  return {
    async read(reader, feed) {
      const [place] = await readStatement.rows(reader, [feed]);
      if (place === undefined) throw new Error(`${read}: expected one row, got none`);
      return place;
    },
    async move(reader, { feed, from, to, lag_ms }) {
      const { cursor, epoch, reads_again, behind_since } = to;
      const values = [feed, from.cursor, from.epoch, cursor, epoch, reads_again, behind_since, lag_ms];
      return (await moveStatement.run(reader, values)) === 1;
    },
  };
}
