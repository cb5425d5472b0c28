import { PgBoss } from 'pg-boss';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { untilEqual } from '@cashback/testing';
import { defineQueue, openDatabase, startJobs } from '../src/index.ts';
import { bossDatabase } from '../src/jobs/boss-database.ts';
import { useJobs } from './jobs-database.ts';

const schema = 'jobs_upkeep';
const payload = z.object({});
const context = useJobs<z.infer<typeof payload>>(schema);
const { role, errors, running, install, start, states } = context;

test('picks jobs up after every connection was cut, at once again as soon as it listens again', async () => {
  const queue = defineQueue({ name: 'cut', schema, payload });
  const jobs = await start(queue);
  const seen: string[] = [];
  await jobs.work(queue, { poll_seconds: 20 }, async (batch) => {
    seen.push(...batch.map(({ key }) => key));
  });
  await jobs.enqueue(queue, [{ key: 'before', payload: {} }]);
  await untilEqual(() => seen, ['before']);
  const cut = await context.admin.pool.query<{ pid: number }>(
    "SELECT pid, pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'upkeep' AND datname = current_database()",
  );
  expect(cut.rowCount).toBeGreaterThan(1);
  await untilEqual(async () => {
    const { rowCount } = await context.admin.pool.query(
      "SELECT FROM pg_stat_activity WHERE application_name = 'upkeep' AND query LIKE 'LISTEN%' AND datname = current_database()",
    );
    return rowCount;
  }, 1);
  await jobs.enqueue(queue, [{ key: 'after', payload: {} }]);
  await untilEqual(() => seen, ['before', 'after']);
  expect(errors.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/^lost the connection that listens on /),
  );
});

test('a process that does not listen wakes the ones that do, and polls for itself', async () => {
  const queue = defineQueue({ name: 'silent', schema, payload });
  const listening = await start(queue);
  const silent = await start(queue, false);
  const seen: string[] = [];
  await listening.work(queue, { poll_seconds: 20 }, async (batch) => {
    seen.push(...batch.map(({ key }) => key));
  });
  await silent.enqueue(queue, [{ key: 'a', payload: {} }]);
  await untilEqual(() => seen, ['a']);
});

test('a handler that outlasts stop is notified, and its job goes back to the queue', async () => {
  const queue = defineQueue({ name: 'outlasting', schema, payload });
  const jobs = await start(queue);
  let started = false;
  const aborted = Promise.withResolvers<void>();
  await jobs.work(queue, {}, async (_batch, signal) => {
    started = true;
    signal.addEventListener('abort', () => aborted.resolve());
    await aborted.promise;
  });
  await jobs.enqueue(queue, [{ key: 'a', payload: {} }]);
  await untilEqual(() => started, true);
  await jobs.stop({ timeout_ms: 1_000 });
  await aborted.promise;
  expect(await states(queue)).toEqual(['retry']);
});

test('changed options of a queue take effect at the next start, another policy is refused', async () => {
  const queue = defineQueue({ name: 'changed', schema, payload });
  await start(queue);
  await start(defineQueue({ name: 'changed', schema, payload, options: { retry_limit: 9 } }));
  const { rows } = await context.admin.pool.query(
    `SELECT retry_limit, policy FROM ${schema}.queue WHERE name = 'changed'`,
  );
  expect(rows).toEqual([{ retry_limit: 9, policy: 'stately' }]);
  await context.admin.pool.query(`UPDATE ${schema}.queue SET policy = 'standard' WHERE name = 'changed'`);
  await expect(start(queue)).rejects.toThrow(/queue jobs_upkeep\.changed has the policy standard/);
});

test('a start where nothing is installed says what to do', async () => {
  const queue = defineQueue({ name: 'nowhere', schema: 'missing_jobs', payload });
  const starting = startJobs({
    database_url: context.testDatabase.url,
    jobs_schema: 'missing_jobs',
    queues: [queue],
    application_name: 'upkeep',
    log_error: () => {},
  });
  await expect(starting).rejects.toMatchObject({
    message: expect.stringMatching(/cannot start the jobs of upkeep in missing_jobs: .*pnpm migrate/),
    expected: true,
  });
});

test('a start that fails for a fault of its own throws that fault, with its stack', async () => {
  const queue = defineQueue({ name: 'elsewhere', schema: 'another_schema', payload });
  const failed = await start(queue).catch((thrown: unknown) => thrown);
  expect(failed).toMatchObject({ message: expect.stringContaining('is defined in another_schema') });
  expect(failed).not.toHaveProperty('expected');
  expect((failed as Error).stack).toContain('start-jobs.ts');
});

test.each([
  ['nothing waits', false],
  ['only another queue waits', true],
])('where the statistics say that %s, few index entries are read per job of a burst', async (_, another) => {
  // Sessions of the tests before this one report what they read when they end.
  await untilNoSession();
  const [other, queue] = [`other_${another}`, `counted_${another}`].map((name) =>
    defineQueue({ name, schema, payload }),
  );
  if (other === undefined || queue === undefined) throw new Error('two queues expected');
  const [aside, jobs] = [await start(other), await start(queue)];
  // The upkeep of the table and of the queues reads it as well: none is due while the test counts.
  await context.admin.pool.query(`
    ALTER TABLE ${schema}.job_common SET (autovacuum_enabled = false);
    UPDATE ${schema}.queue SET (monitor_on, monitor_claim_on, maintain_on) =
      (SELECT later, later, later FROM (SELECT now() + interval '1 hour') AS due (later))`);
  await context.admin.pool.query(`DELETE FROM ${schema}.job`);
  const jobCount = 6_000;
  const burst = Array.from({ length: jobCount }, (_, index) => ({ key: `${index}`, payload: {} }));
  if (another) await aside.enqueue(other, burst);
  await context.admin.pool.query(`VACUUM ANALYZE ${schema}.job_common`);
  await jobs.enqueue(queue, burst);
  const before = await entriesRead();
  let done = 0;
  // The batches wait for each other, so that many run while the next are fetched.
  const { promise: allFetched, resolve: release } = Promise.withResolvers<void>();
  let batches = 0;
  await jobs.work(queue, { batch_size: 100, concurrency: 4 }, async (taken) => {
    batches += 1;
    if (batches === 4) release();
    await allFetched;
    done += taken.length;
  });
  await untilEqual(() => done, jobCount);
  // A stop ends the handlers, and completes their jobs. Nothing here polls the table: it would count too.
  for (const one of running.splice(0)) await one.stop({ timeout_ms: 60_000 });
  await untilNoSession();
  // With a plan that reads all that run, or all that wait, once per job it is hundreds.
  const read = (await entriesRead()) - before;
  expect(new Set(await states(queue))).toEqual(new Set(['completed']));
  expect(read).toBeGreaterThan(jobCount);
  expect(read / jobCount).toBeLessThan(60);
});

/** Waits until no session of the jobs is left. */
async function untilNoSession(): Promise<void> {
  await untilEqual(async () => {
    const { rowCount } = await context.admin.pool.query(
      "SELECT FROM pg_stat_activity WHERE application_name = 'upkeep' AND datname = current_database()",
    );
    return rowCount;
  }, 0);
}

/** Rows and index entries of the job table that were read so far; sessions report it when they end. */
async function entriesRead(): Promise<number> {
  const { rows } = await context.admin.pool.query<{ count: string }>(
    `SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = $1 AND relname = 'job_common')
          + (SELECT seq_tup_read FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'job_common') AS count`,
    [schema],
  );
  return Number(rows[0]?.count);
}

test('the statistics of the job table are made once, and leave nothing behind', async () => {
  const { rows } = await context.admin.pool.query<{
    attname: string;
    n_distinct: number;
    common: string | null;
  }>(
    `SELECT attname, n_distinct, most_common_vals::text AS common FROM pg_stats
     WHERE schemaname = $1 AND tablename = 'job_common' AND attname IN ('name', 'state') ORDER BY attname`,
    [schema],
  );
  expect(rows).toEqual([
    { attname: 'name', n_distinct: 4, common: null },
    { attname: 'state', n_distinct: 4, common: expect.stringContaining('active') },
  ]);
  await context.admin.pool.query(`ANALYZE ${schema}.job_common`);
  expect(await install()).toBe('unchanged');
  const left = await context.admin.pool.query(
    `SELECT name FROM ${schema}.queue WHERE name LIKE 'statistics%' UNION ALL
     SELECT name FROM ${schema}.job WHERE name LIKE 'statistics%'`,
  );
  expect(left.rows).toEqual([]);
});

test('all upkeep of the queues is within the rights of the role', async () => {
  const queue = defineQueue({ name: 'kept_up', schema, payload, options: { keep_finished_seconds: 1 } });
  const jobs = await start(queue);
  await jobs.enqueue(queue, [{ key: 'a', payload: {} }]);
  await jobs.work(queue, {}, async () => {});
  await untilEqual(() => states(queue), ['completed']);
  const config = { url: context.testDatabase.url, role, application_name: 'upkeep' };
  const database = openDatabase(config);
  const log_error = (error: Error): void => void errors.push(error);
  const boss = new PgBoss({
    db: bossDatabase({ pool: database.pool, listener: config, log_error }),
    schema,
    migrate: false,
    createSchema: false,
    schedule: false,
    supervise: false,
    monitorIntervalSeconds: 1,
    maintenanceIntervalSeconds: 1,
  });
  boss.on('error', log_error);
  await boss.start();
  await untilEqual(async () => {
    await boss.supervise();
    return states(queue);
  }, []);
  await boss.stop();
  await database.close();
  expect(errors).toEqual([]);
});
