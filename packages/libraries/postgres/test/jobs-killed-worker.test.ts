import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { z } from 'zod';
import { untilEqual } from '@cashback/testing';
import { defineQueue } from '../src/index.ts';
import { useJobs } from './jobs-database.ts';

const schema = 'jobs_killed_worker';
const payload = z.object({});
const context = useJobs<z.infer<typeof payload>>(schema);
const { role, start } = context;
const killedWorker = fileURLToPath(new URL('fixtures/hang-on-job.ts', import.meta.url));

test('another worker gets the jobs of a killed one within half a minute', async () => {
  const queue = defineQueue({ name: 'killed', schema, payload });
  const jobs = await start(queue);
  const argument = JSON.stringify({ database_url: context.testDatabase.url, role, schema, name: queue.name });
  const child = spawn(process.execPath, [killedWorker, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  await jobs.enqueue(queue, [{ key: 'a', payload: {} }]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  // It has been silent for as long as a queue bears. The next pass of a worker that lives finds that.
  await context.admin.pool.query(
    `UPDATE ${schema}.job SET heartbeat_on = heartbeat_on - interval '10 s' WHERE state = 'active'`,
  );
  const seen: string[] = [];
  await jobs.work(queue, {}, async (batch) => {
    seen.push(...batch.map(({ key }) => key));
  });
  await untilEqual(() => seen, ['a']);
});
