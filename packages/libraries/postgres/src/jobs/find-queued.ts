import type pg from 'pg';
import type { Queue } from './define-queue.ts';

/** Which of the keys have a job that waits or runs. In the words of the index that keeps them unique. */
export async function findQueued(
  pool: Pick<pg.Pool, 'query'>,
  queue: Queue<unknown>,
  keys: readonly string[],
): Promise<Set<string>> {
  const { rows } = await pool.query<{ key: string }>({
    name: `jobs.find-queued.${queue.schema}`,
    text: `
      SELECT singleton_key AS key FROM ${queue.schema}.job
      WHERE name = $1 AND policy = 'stately' AND state IN ('created', 'retry', 'active')
        AND coalesce(singleton_key, '') = ANY($2::text[])`,
    values: [queue.name, keys],
  });
  return new Set(rows.map(({ key }) => key));
}
