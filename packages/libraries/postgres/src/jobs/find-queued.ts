import type { Reader } from '../statements/reader.ts';
import { type Statement, statement } from '../statements/statement.ts';
import type { Queue } from './define-queue.ts';

/** A job that runs is given to another worker after `expire_seconds`, at the next supervision. */
const superviseSlackSeconds = 60;

interface QueuedRow {
  key: string;
}

const statements = new Map<string, Statement<QueuedRow>>();

/** In the words of the index that keeps keys unique. pg-boss has a table for each schema, so each has a statement. */
export function findQueuedStatement(schema: string): Statement<QueuedRow> {
  const known = statements.get(schema);
  if (known !== undefined) return known;
  const made = statement<QueuedRow>({
    name: `jobs.find-queued.${schema}`,
    text: `
    SELECT singleton_key AS key FROM ${schema}.job
    WHERE name = $1 AND policy = 'stately' AND state IN ('created', 'retry', 'active')
      AND coalesce(singleton_key, '') = ANY($2::text[])
      AND created_on > now() - $3::float8 * interval '1 millisecond'
      AND (state <> 'active' OR started_on > now() - $4::float8 * interval '1 second')`,
    columns: { key: 'text!' },
  });
  statements.set(schema, made);
  return made;
}

/**
 * Which of the keys have a job that waits or runs, and is no older than `max_age_ms`. An older one is dead: a job that
 * runs for longer than it may, or a row that no worker ever takes.
 */
export async function findQueued(
  reader: Reader,
  queue: Queue<unknown>,
  keys: readonly string[],
  { max_age_ms }: { max_age_ms: number },
): Promise<Set<string>> {
  const expireSeconds = queue.options.expire_seconds + superviseSlackSeconds;
  const values = [queue.name, keys, max_age_ms, expireSeconds];
  const rows = await findQueuedStatement(queue.schema).rows(reader, values);
  return new Set(rows.map(({ key }) => key));
}
