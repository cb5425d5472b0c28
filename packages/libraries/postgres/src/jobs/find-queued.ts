import type pg from 'pg';
import type { Queue } from './define-queue.ts';

/** A job that runs is given to another worker after `expire_seconds`, at the next supervision. */
const superviseSlackSeconds = 60;

/**
 * Which of the keys have a job that waits or runs, and is no older than `max_age_ms`. An older one is dead: a job that
 * runs for longer than it may, or a row that no worker ever takes. In the words of the index that keeps them unique.
 */
export async function findQueued(
  pool: Pick<pg.Pool, 'query'>,
  queue: Queue<unknown>,
  keys: readonly string[],
  { max_age_ms }: { max_age_ms: number },
): Promise<Set<string>> {
  const { rows } = await pool.query<{ key: string }>({
    name: `jobs.find-queued.${queue.schema}`,
    text: `
      SELECT singleton_key AS key FROM ${queue.schema}.job
      WHERE name = $1 AND policy = 'stately' AND state IN ('created', 'retry', 'active')
        AND coalesce(singleton_key, '') = ANY($2::text[])
        AND created_on > now() - $3::float8 * interval '1 millisecond'
        AND (state <> 'active' OR started_on > now() - $4::float8 * interval '1 second')`,
    values: [queue.name, keys, max_age_ms, queue.options.expire_seconds + superviseSlackSeconds],
  });
  return new Set(rows.map(({ key }) => key));
}
