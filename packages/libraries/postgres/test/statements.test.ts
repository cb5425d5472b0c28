import { checkStatements } from '@cashback/testing/check-statements';
import { expect, test } from 'vitest';
import { findQueuedStatement } from '../src/jobs/find-queued.ts';
import { readOwners } from '../src/migrations/owners.ts';
import { migrationsFolder } from '../src/index.ts';

test('the statement of every schema with jobs fits the migrated database', async () => {
  const schemas = (await readOwners(migrationsFolder)).flatMap(({ jobs_schema }) => jobs_schema ?? []);
  const { checked, problems } = await checkStatements(new URL('../src/', import.meta.url), {
    made: schemas.map(findQueuedStatement),
  });
  expect(problems).toEqual([]);
  expect(checked).toHaveLength(schemas.length);
});
