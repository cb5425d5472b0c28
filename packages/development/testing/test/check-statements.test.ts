import { expect, test } from 'vitest';
import { checkStatements } from '../src/check-statements.ts';

test('the check finds a statement that Postgres refuses, columns of another row, and a query that is not declared', async () => {
  const { checked, problems } = await checkStatements(new URL('fixtures/statements/', import.meta.url));
  expect(checked).toEqual(['right.columns', 'wrong.column', 'wrong.columns']);
  expect(problems.sort()).toEqual([
    'wrong.column: column "no_such" does not exist',
    'wrong.columns: attention may be null in its table; declare it as text? or text!',
    'wrong.columns: cleared_sum (numeric) is returned and not declared',
    'wrong.columns: created_at is declared, and the statement does not return it',
    'wrong.columns: order_id is never null in its table; declare it as text',
    'wrong.columns: revision is declared as text and is int4',
    'wrong.columns: value is declared, and the statement does not return it',
    'wrong.ts: a query with a name of its own; declare it by statement()',
  ]);
});
