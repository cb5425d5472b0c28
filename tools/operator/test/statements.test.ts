import { checkStatements } from '@cashback/testing/check-statements';
import { expect, test } from 'vitest';
import { EXPORT_TABLE } from '../src/reconcile-trust/compare-export.ts';

test('every named statement fits the migrated database, and returns the columns of its row', async () => {
  const { checked, problems } = await checkStatements(new URL('../src/', import.meta.url), {
    before: [EXPORT_TABLE],
  });
  expect(problems).toEqual([]);
  expect(checked).not.toEqual([]);
});
