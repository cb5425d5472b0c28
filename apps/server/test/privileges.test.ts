import { type Database, openDatabase } from '@cashback/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, registerInput, startTestServer } from './support.ts';

const INSUFFICIENT_PRIVILEGE = '42501';

let server: TestServer;
let asServer: Database;
beforeAll(async () => {
  server = await startTestServer();
  await server.client.register(registerInput());
  asServer = openDatabase({
    url: server.database_url,
    role: 'cashback_server',
    application_name: 'privileges-test',
  });
});
afterAll(async () => {
  await asServer?.close();
  await server?.stop();
});

test.each([
  'UPDATE cashback.events SET value = 0',
  'DELETE FROM cashback.events',
  'TRUNCATE cashback.events',
  'DELETE FROM cashback.order_clears',
  'UPDATE cashback.order_clears SET settled_revision = revision',
  'UPDATE cashback.order_clears SET currency = order_id',
  'UPDATE cashback.payee_changes SET reason = caller',
  'DELETE FROM cashback.payee_changes',
  'UPDATE cashback.order_rates SET service = order_id',
  'DELETE FROM cashback.order_rates',
  `INSERT INTO cashback.operation_outcomes (order_id, operation_id, outcome, rewarded) VALUES ('a', 'b', 'applied', '[]')`,
  'UPDATE cashback.feed_epochs SET epoch = 2',
  'DELETE FROM cashback.attention_resumes',
  'UPDATE cashback.attention_resumes SET caller = order_id',
])('the role of the server may not: %s', async (statement) => {
  await expect(asServer.pool.query(statement)).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
});
