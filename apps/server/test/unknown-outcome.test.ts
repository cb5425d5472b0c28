import { type CashbackClient, createCashbackClient } from '@cashback/client';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CommitRelay, startCommitRelay } from './commit-relay.ts';
import {
  TOKEN,
  type TestServer,
  queuedJobs,
  registerInput,
  snapshotOf,
  startTestServer,
  values,
} from './support.ts';

let relay: CommitRelay;
let server: TestServer;
/** Makes a single attempt, and so shows its outcome. */
let client: CashbackClient;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  const database = await createTestDatabase();
  cleanups.push(() => database.drop());
  relay = await startCommitRelay(database.url);
  cleanups.push(() => relay.stop());
  server = await startTestServer({ database_url: relay.url });
  cleanups.push(() => server.stop());
  client = createCashbackClient({ url: server.url, token: TOKEN, retries: 0 });
  cleanups.push(() => client.close());
});
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});
afterEach(() => {
  relay.lost = 0;
});

const UNKNOWN = {
  code: 'DATABASE_UNAVAILABLE',
  retryable: true,
  message: expect.stringContaining('whether the call took effect is not known, repeat it unchanged'),
};

async function emptyQueue(): Promise<void> {
  await server.admin.pool.query('DELETE FROM cashback_jobs.job');
}

describe('a register whose connection is cut after its COMMIT', () => {
  test('has no known outcome, is stored, and is unchanged and queued again when repeated', async () => {
    const input = registerInput({ ...values('5', '2'), expected_revision: 0 });
    relay.loseCommitOf(input.order_id, 'answer');
    await expect(client.register(input)).rejects.toMatchObject(UNKNOWN);
    expect(relay.lost).toBe(1);
    expect(await client.order({ order_id: input.order_id })).toMatchObject({
      revision: 1,
      cashback_sum: '7.0000',
    });
    expect(await queuedJobs(server, input.order_id)).toBe(1);

    // A worker may have taken the job in the meantime, and lost it.
    await emptyQueue();
    expect(await client.register(input)).toMatchObject({ outcome: 'unchanged', revision: 1 });
    expect(await queuedJobs(server, input.order_id)).toBe(1);
    expect((await client.events({ order_id: input.order_id })).events).toHaveLength(2);
  });

  test('of an existing order is unchanged when repeated, although its expected revision has passed', async () => {
    const { order_id } = registerInput();
    await client.register(registerInput({ order_id }));
    const next = registerInput({ order_id, invoice_version: 2, expected_revision: 1, ...values('6') });
    await emptyQueue();
    relay.loseCommitOf(order_id, 'answer');
    await expect(client.register(next)).rejects.toMatchObject(UNKNOWN);
    await emptyQueue();
    expect(await client.register(next)).toMatchObject({
      outcome: 'unchanged',
      revision: 2,
      invoice_version: 2,
    });
    expect(await queuedJobs(server, order_id)).toBe(1);
  });

  test('is repeated by the client, and its caller sees a success', async () => {
    const input = registerInput();
    relay.loseCommitOf(input.order_id, 'answer');
    expect(await server.client.register(input)).toMatchObject({ outcome: 'unchanged', revision: 1 });
    expect(relay.lost).toBe(1);
  });

  test('shares its outcome with all calls of its transaction, and each may be repeated', async () => {
    const inputs = Array.from({ length: 5 }, () => registerInput());
    relay.loseCommitOf(inputs[2]?.order_id ?? '', 'answer');
    const results = await Promise.allSettled(inputs.map((input) => client.register(input)));
    const unknown = results.filter(({ status }) => status === 'rejected');
    expect(unknown.map((result) => result.status === 'rejected' && result.reason)).toMatchObject(
      unknown.map(() => UNKNOWN),
    );
    expect(unknown.length).toBeGreaterThan(0);
    await emptyQueue();
    const again = await Promise.all(inputs.map((input) => client.register(input)));
    expect(again.map(({ outcome }) => outcome)).toEqual(inputs.map(() => 'unchanged'));
    for (const { order_id } of inputs) expect(await queuedJobs(server, order_id)).toBe(1);
  });
});

test('a register whose connection is cut before its COMMIT has the same error, wrote nothing, and is stored when repeated', async () => {
  const before = await snapshotOf(server);
  const input = registerInput();
  relay.loseCommitOf(input.order_id, 'request');
  await expect(client.register(input)).rejects.toMatchObject(UNKNOWN);
  expect(relay.lost).toBe(1);
  expect(await snapshotOf(server)).toBe(before);
  expect(await client.register(input)).toMatchObject({ outcome: 'registered', revision: 1 });
  expect(await queuedJobs(server, input.order_id)).toBe(1);
});
