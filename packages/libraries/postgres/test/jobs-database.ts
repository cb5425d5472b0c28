import { afterAll, afterEach, beforeAll } from 'vitest';
import { createTestDatabase } from '@cashback/testing';
import type { TestDatabase } from '@cashback/testing';
import { openDatabase, startJobs } from '../src/index.ts';
import type { Database, Jobs, Queue } from '../src/index.ts';
import { installJobs } from '../src/migrations/install-jobs.ts';
import { createRoles } from '../src/migrations/roles.ts';

const APPLICATION = 'upkeep';

/** The jobs of one test file in a database and under a role of their own. What a test starts is stopped after it. */
export function useJobs<Payload>(schema: string) {
  const role = `${schema}_${process.pid}`;
  const context = {
    role,
    errors: [] as Error[],
    running: [] as Jobs[],
    testDatabase: undefined as unknown as TestDatabase,
    admin: undefined as unknown as Database,

    async install(): Promise<string> {
      const client = await context.admin.pool.connect();
      try {
        await createRoles(client, [role]);
        return await installJobs(client, context.testDatabase.url, schema, [role]);
      } finally {
        client.release();
      }
    },

    async start(queue: Queue<Payload>, listen = true): Promise<Jobs> {
      const jobs = await startJobs({
        database_url: context.testDatabase.url,
        role,
        jobs_schema: schema,
        queues: [queue],
        application_name: APPLICATION,
        log_error: (error) => context.errors.push(error),
        listen,
      });
      context.running.push(jobs);
      return jobs;
    },

    async states(queue: Queue<Payload>): Promise<string[]> {
      const { rows } = await context.admin.pool.query<{ state: string }>(
        `SELECT state::text FROM ${schema}.job WHERE name = $1 ORDER BY created_on`,
        [queue.name],
      );
      return rows.map(({ state }) => state);
    },
  };

  beforeAll(async () => {
    context.testDatabase = await createTestDatabase();
    context.admin = openDatabase({ url: context.testDatabase.url, application_name: 'observer' });
    await context.install();
  });
  afterEach(async () => {
    for (const jobs of context.running.splice(0)) await jobs.stop({ timeout_ms: 1_000 });
    context.errors.splice(0);
  });
  afterAll(async () => {
    await context.admin?.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await context.admin?.close();
    await context.testDatabase?.drop();
  });
  return context;
}
