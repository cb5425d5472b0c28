import { expect, test } from 'vitest';
import { createTestDatabase } from '@cashback/testing';
import { DatabaseTroubleError, explainDatabaseError } from '../src/errors/explain-database-error.ts';
import { openDatabase, withTransaction } from '../src/index.ts';

const withCode = (code: string) => Object.assign(new Error('secret'), { code });

test.each([
  ['a refused connection', withCode('ECONNREFUSED'), 'DATABASE_UNAVAILABLE'],
  ['a connection that was ended', new Error('Connection terminated unexpectedly'), 'DATABASE_UNAVAILABLE'],
  ['a database that shuts down', withCode('57P01'), 'DATABASE_UNAVAILABLE'],
  ['a wait for a lock that took too long', withCode('55P03'), 'OVERLOADED'],
  ['a statement that took too long', withCode('57014'), 'OVERLOADED'],
  ['a deadlock', withCode('40P01'), 'OVERLOADED'],
  ['a serialization failure', withCode('40001'), 'OVERLOADED'],
  ['the error of a statement around it', new Error('secret', { cause: withCode('40P01') }), 'OVERLOADED'],
])('%s is explained as something that may pass, without its own words', (_, error, code) => {
  const explained = explainDatabaseError(error);
  expect(explained).toMatchObject({ code, http_status: 503, retryable: true, cause: error });
  expect(explained?.message).not.toContain('secret');
});

test.each([
  ['a fault of ours', new TypeError('x is not a function')],
  ['a statement that is wrong', withCode('42601')],
  ['what is explained already', new DatabaseTroubleError('OVERLOADED', 'later', withCode('40P01'))],
  ['an upstream that is down', Object.assign(withCode('ECONNREFUSED'), { http_status: undefined })],
  ['what is no error', 'ECONNREFUSED'],
])('%s is not explained', (_, error) => {
  expect(explainDatabaseError(error)).toBeUndefined();
});

test('a transaction that waits for a lock for too long is explained as overload', async () => {
  const test_database = await createTestDatabase();
  const database = openDatabase({ url: test_database.url, application_name: 'explain-test' });
  const lock = 'SELECT pg_advisory_xact_lock(1)';
  const refused = withTransaction(database, async (holder) => {
    await holder.client.query(lock);
    return withTransaction(database, async ({ client }) => {
      await client.query('SET LOCAL lock_timeout = 1');
      await client.query(lock);
    }).catch(explainDatabaseError);
  });
  expect(await refused).toMatchObject({ code: 'OVERLOADED' });
  await database.close();
  await test_database.drop();
});
