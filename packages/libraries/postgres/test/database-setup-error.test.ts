import { expect, test } from 'vitest';
import { createTestDatabase } from '@cashback/testing';
import { asSetupError, openDatabase } from '../src/index.ts';

test.each([
  ['a table that is not there', undefined, 'SELECT FROM nowhere.item'],
  ['a role that is not there', 'nobody_at_all', 'SELECT 1'],
  ['a table that the role may not read', 'pg_monitor', 'SELECT FROM pg_catalog.pg_authid'],
])(
  '%s is expected of a database that was not migrated, and shown with what to do',
  async (_, role, statement) => {
    const test_database = await createTestDatabase();
    const connection = { url: test_database.url, application_name: 'setup-test', ...(role && { role }) };
    const database = openDatabase(connection);
    const failed = await database.drizzle.execute(statement).catch((thrown: unknown) => thrown);
    expect(asSetupError('cannot start', failed)).toMatchObject({
      message: expect.stringMatching(/^cannot start: (?!Failed query).*pnpm migrate/),
      expected: true,
      cause: failed,
    });
    await database.close();
    await test_database.drop();
  },
);

test('a database that is down is expected', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  expect(asSetupError('cannot start', refused)).toMatchObject({
    message: 'cannot start: connect ECONNREFUSED 127.0.0.1:1',
    expected: true,
  });
});

test('a fault of ours stays what it is, with its stack', () => {
  const fault = new TypeError('x is not a function');
  expect(asSetupError('cannot start', fault)).toBe(fault);
});
