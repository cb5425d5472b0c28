import { checkStatements } from '@cashback/testing/check-statements';
import { expect, test } from 'vitest';

test('every named statement fits the migrated database, and returns the columns of its row', async () => {
  const { checked, problems } = await checkStatements(new URL('../src/', import.meta.url));
  expect(problems).toEqual([]);
  expect(checked).not.toEqual([]);
});
