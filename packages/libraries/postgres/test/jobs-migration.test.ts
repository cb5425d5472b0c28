import { getRollbackPlans } from 'pg-boss';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineQueue } from '../src/index.ts';
import { useJobs } from './jobs-database.ts';

const schema = 'jobs_migration';
const payload = z.object({});
const context = useJobs<z.infer<typeof payload>>(schema);
const { install, start, states } = context;

// pg-boss builds its indexes in the background, and first checks them after ten seconds.
test('an older version of pg-boss is migrated, and apps refuse to start before that', async () => {
  const queue = defineQueue({ name: 'migrated', schema, payload });
  await context.admin.pool.query(getRollbackPlans(schema));
  await expect(start(queue)).rejects.toMatchObject({
    message: expect.stringMatching(/requires migrations.*pnpm migrate/),
    expected: true,
  });
  expect(await install()).toBe('migrated');
  expect(await install()).toBe('unchanged');
  const jobs = await start(queue);
  await jobs.enqueue(queue, [{ key: 'a', payload: {} }]);
  expect(await states(queue)).toEqual(['created']);
});
