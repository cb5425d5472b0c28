import type pg from 'pg';

/** More real jobs than that would be what the statistics show, rather than what is put there for them. */
const maxJobs = 10_000;
const sampleQueue = 'statistics_sample';
const sampleSize = 1_200;

/**
 * Gives the planner statistics of a busy queue, for good. Real ones are gathered at some moment, often when a queue is
 * empty; a burst that follows is then planned as if it were one job, and for minutes each fetch reads all that wait, or
 * all that run, once per job. For that moment the table holds jobs of many queues in all states; none is ever seen by
 * anybody else. A busy table is left as it is, and checked again with the next migration.
 */
export async function freezeStatistics(client: pg.ClientBase, schema: string): Promise<void> {
  const inSchema = client.escapeIdentifier(schema);
  const table = `${inSchema}.job_common`;
  const columns = await client.query(
    `SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname IN ('name', 'state')
       AND (attname = 'state' OR attoptions IS NOT NULL) AND attstattarget = 0`,
    [table],
  );
  if (columns.rowCount === 2) return;
  const jobs = await client.query(`SELECT FROM ${table} LIMIT ${maxJobs + 1}`);
  if ((jobs.rowCount ?? 0) > maxJobs) return;

  await client.query('BEGIN');
  try {
    for (const statement of sampleStatements(inSchema, table)) await client.query(statement);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** Each name is there once, so that no name counts as frequent, and any one is taken for a quarter of the jobs. */
function sampleStatements(inSchema: string, table: string): string[] {
  const numbers = `generate_series(1, ${sampleSize}) AS number`;
  return [
    `ALTER TABLE ${table} ALTER COLUMN name SET STATISTICS 100, ALTER COLUMN name SET (n_distinct = 4),
       ALTER COLUMN state SET STATISTICS 100`,
    `SELECT ${inSchema}.create_queue('${sampleQueue}', '{"policy": "standard"}'::jsonb)`,
    `INSERT INTO ${inSchema}.queue
       SELECT (jsonb_populate_record(queue, jsonb_build_object('name', '${sampleQueue}_' || number))).*
       FROM ${inSchema}.queue, ${numbers} WHERE queue.name = '${sampleQueue}'`,
    `INSERT INTO ${inSchema}.job (name, state)
       SELECT '${sampleQueue}_' || number,
         (ARRAY['created', 'retry', 'active', 'completed'])[1 + number % 4]::${inSchema}.job_state
       FROM ${numbers}`,
    'SET CONSTRAINTS ALL IMMEDIATE',
    `ANALYZE ${table} (name, state)`,
    `DELETE FROM ${inSchema}.job WHERE starts_with(name, '${sampleQueue}_')`,
    `DELETE FROM ${inSchema}.queue WHERE starts_with(name, '${sampleQueue}')`,
    'SET CONSTRAINTS ALL IMMEDIATE',
    `ALTER TABLE ${table} ALTER COLUMN name SET STATISTICS 0, ALTER COLUMN state SET STATISTICS 0`,
  ];
}
