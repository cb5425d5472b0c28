import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createTestDatabase, untilEqual } from '@cashback/testing';
import type { TestDatabase } from '@cashback/testing';
import { defineQueue, openDatabase, startJobs, withTransaction } from '../src/index.ts';
import type { Database, Job, Jobs, Queue } from '../src/index.ts';
import { installJobs } from '../src/migrations/install-jobs.ts';
import { createRoles } from '../src/migrations/roles.ts';

const schema = 'jobs_under_test';
const role = `jobs_under_test_${process.pid}`;
type Payload = { order_id: string };

let testDatabase: TestDatabase;
let admin: Database;
let jobs: Jobs;
const errors: Error[] = [];

function queueNamed(name: string): Queue<Payload> {
  return defineQueue({ name, schema, payload: z.object({ order_id: z.string() }) });
}

const queues = {
  rolled_back: queueNamed('rolled_back'),
  committed: queueNamed('committed'),
  follow_up: queueNamed('follow_up'),
  unparsable: queueNamed('unparsable'),
  throwing: queueNamed('throwing'),
  partly_failing: queueNamed('partly_failing'),
  lookup: queueNamed('lookup'),
  delayed: queueNamed('delayed'),
  drained: queueNamed('drained'),
  bulk: queueNamed('bulk'),
};

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  admin = openDatabase({ url: testDatabase.url, application_name: 'jobs-test' });
  const client = await admin.pool.connect();
  await createRoles(client, [role]);
  await installJobs(client, testDatabase.url, schema, [role]);
  client.release();
  jobs = await start();
});

afterAll(async () => {
  await jobs?.stop({ timeout_ms: 5_000 });
  await admin?.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await admin?.close();
  await testDatabase?.drop();
});

function start(): Promise<Jobs> {
  return startJobs({
    database_url: testDatabase.url,
    role,
    jobs_schema: schema,
    queues: Object.values(queues),
    application_name: 'jobs-test',
    log_error: (error) => errors.push(error),
  });
}

async function stored(queue: Queue<Payload>): Promise<{ singleton_key: string; state: string }[]> {
  const { rows } = await admin.pool.query<{ singleton_key: string; state: string }>(
    `SELECT singleton_key, state::text FROM ${schema}.job WHERE name = $1 ORDER BY singleton_key, created_on`,
    [queue.name],
  );
  return rows;
}

/** A promise that a test resolves when it pleases. */
function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

function job(key: string): { key: string; payload: Payload } {
  return { key, payload: { order_id: key } };
}

describe('enqueue', () => {
  test('inside a transaction that is rolled back leaves nothing', async () => {
    const failure = new Error('on purpose');
    await expect(
      withTransaction(admin, async (transaction) => {
        await jobs.enqueue(queues.rolled_back, [job('a')], transaction);
        const { rowCount } = await transaction.client.query(
          `SELECT FROM ${schema}.job WHERE name = 'rolled_back'`,
        );
        expect(rowCount).toBe(1);
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await stored(queues.rolled_back)).toEqual([]);
  });

  test('inside a transaction is picked up after its commit, not before', async () => {
    const seen: string[] = [];
    await jobs.work(queues.committed, { poll_seconds: 20 }, async (batch) => {
      seen.push(...batch.map(({ key }) => key));
    });
    await withTransaction(admin, async (transaction) => {
      await jobs.enqueue(queues.committed, [job('a'), job('b')], transaction);
      expect(seen).toEqual([]);
    });
    // Sooner than the polling interval: the wake-up came with the commit.
    await untilEqual(() => seen.toSorted(), ['a', 'b']);
  });

  test('keeps one waiting job per key and takes more jobs than fit a statement', async () => {
    await jobs.enqueue(queues.bulk, [job('same'), job('same')]);
    await jobs.enqueue(queues.bulk, [job('same')]);
    expect(await stored(queues.bulk)).toEqual([{ singleton_key: 'same', state: 'created' }]);
    await jobs.enqueue(
      queues.bulk,
      Array.from({ length: 2_100 }, (_, index) => job(`key-${index}`)),
    );
    expect(await stored(queues.bulk)).toHaveLength(2_101);
  });

  test('refuses a job without a key', async () => {
    await expect(jobs.enqueue(queues.bulk, [job('')])).rejects.toThrow('a job needs a key');
  });

  test('holds a job back until its time', async () => {
    const seen: string[] = [];
    await jobs.enqueue(queues.delayed, [
      { ...job('in-an-hour'), start_after_seconds: 3_600 },
      { ...job('at-a-time'), start_after: new Date(Date.now() + 3_600_000) },
      { ...job('long-ago'), start_after: new Date(Date.now() - 1_000) },
      job('now'),
    ]);
    await jobs.work(queues.delayed, {}, async (batch) => {
      seen.push(...batch.map(({ key }) => key));
    });
    await untilEqual(() => seen.toSorted(), ['long-ago', 'now']);
    const waiting = (await stored(queues.delayed)).filter(({ state }) => state === 'created');
    expect(waiting.map(({ singleton_key }) => singleton_key)).toEqual(['at-a-time', 'in-an-hour']);
  });
});

describe('work', () => {
  test('runs a job again that was enqueued while its key was active', async () => {
    const runs: string[] = [];
    const { opened, open } = gate();
    await jobs.work(queues.follow_up, { batch_size: 1, concurrency: 2 }, async (batch) => {
      runs.push(...batch.map(({ key }) => key));
      if (runs.length === 1) await opened;
    });
    await jobs.enqueue(queues.follow_up, [job('a')]);
    await untilEqual(() => runs, ['a']);
    await jobs.enqueue(queues.follow_up, [job('a')]);
    await jobs.enqueue(queues.follow_up, [job('a')]);
    // The poll of the same order has a place of its own and does not wait behind it.
    await jobs.enqueue(queues.follow_up, [job('a#poll')]);
    await untilEqual(() => runs, ['a', 'a#poll']);
    open();
    await untilEqual(() => runs, ['a', 'a#poll', 'a']);
    await untilEqual(
      async () => (await stored(queues.follow_up)).map(({ state }) => state),
      ['completed', 'completed', 'completed'],
    );
  });

  test('fails a job whose payload does not parse alone, with an error that says what is wrong', async () => {
    const handled: Job<Payload>[] = [];
    const wrong = { key: 'wrong', payload: { order_id: 7 } as unknown as Payload };
    const newer = { key: 'newer', payload: { order_id: 'newer', unknown: true } as Payload };
    await jobs.enqueue(queues.unparsable, [job('good'), wrong, newer]);
    await jobs.work(queues.unparsable, { batch_size: 10 }, async (batch) => {
      handled.push(...batch);
    });
    await untilEqual(
      () => stored(queues.unparsable),
      [
        { singleton_key: 'good', state: 'completed' },
        { singleton_key: 'newer', state: 'completed' },
        { singleton_key: 'wrong', state: 'failed' },
      ],
    );
    expect(handled.map(({ payload }) => payload)).toEqual([{ order_id: 'good' }, { order_id: 'newer' }]);
    const messages = errors.map(({ message }) => message);
    expect(messages).toContainEqual(
      expect.stringMatching(/unparsable: job .* is dropped.*at payload\.order_id.*"key":"wrong"/s),
    );
  });

  test('tries every job of a batch again when its handler throws', async () => {
    let calls = 0;
    const done: string[] = [];
    await jobs.enqueue(queues.throwing, [job('a'), job('b')]);
    await jobs.work(queues.throwing, {}, async (batch) => {
      calls += 1;
      if (calls === 1) throw new Error('the upstream is down');
      done.push(...batch.map(({ key }) => key));
    });
    await untilEqual(() => done.toSorted(), ['a', 'b']);
    expect(errors.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/throwing: the handler failed for 2 jobs \(a, b\): the upstream is down/),
    );
  });

  test('retries the jobs that its handler names, and completes the others of the batch', async () => {
    const runs: string[][] = [];
    await jobs.enqueue(queues.partly_failing, [job('a'), job('b'), job('c')]);
    await jobs.work(queues.partly_failing, {}, async (batch) => {
      runs.push(batch.map(({ key }) => key).toSorted());
      const [failing] = batch.filter(({ key }) => key === 'b');
      return new Map(
        failing === undefined || runs.length > 1 ? [] : [[failing.id, new Error('b is locked')]],
      );
    });
    await untilEqual(() => runs, [['a', 'b', 'c'], ['b']]);
    await untilEqual(
      async () => (await stored(queues.partly_failing)).map(({ state }) => state),
      ['completed', 'completed', 'completed'],
    );
    expect(errors.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/partly_failing: the handler failed for 1 jobs \(b\): b is locked/),
    );
  });

  test('finishes what it has on stop, and takes no new job', async () => {
    const second = await start();
    const { opened, open } = gate();
    const started: string[] = [];
    const finished: string[] = [];
    await second.work(queues.drained, { batch_size: 1 }, async (batch) => {
      started.push(...batch.map(({ key }) => key));
      await opened;
      finished.push(...batch.map(({ key }) => key));
    });
    await second.enqueue(queues.drained, [job('a'), job('b')]);
    await untilEqual(() => started.length, 1);
    const stopped = second.stop({ timeout_ms: 10_000 });
    open();
    await stopped;
    expect(finished).toEqual(started);
    const states = (await stored(queues.drained)).map(({ state }) => state).toSorted();
    expect(states).toEqual(['completed', 'created']);
  });
});

test('finds the keys with a job that waits, runs or is to be retried, and none with a finished job', async () => {
  const { opened, open } = gate();
  const asked = ['done', 'running', 'failed', 'later', 'never'];
  const queued = async () =>
    [...(await jobs.findQueued(queues.lookup, asked, { max_age_ms: 3_600_000 }))].toSorted();
  await jobs.enqueue(queues.lookup, [job('done'), job('running'), job('failed')]);
  await jobs.enqueue(queues.lookup, [{ ...job('later'), start_after_seconds: 3_600 }]);
  expect(await queued()).toEqual(['done', 'failed', 'later', 'running']);
  await jobs.work(queues.lookup, { batch_size: 1, concurrency: 3 }, async ([one]) => {
    if (one?.key === 'failed') throw new Error('come again');
    if (one?.key === 'running') await opened;
  });
  await untilEqual(queued, ['failed', 'later', 'running']);
  open();
  await untilEqual(queued, ['failed', 'later']);
});

test('jobs run under a role that can make no table', async () => {
  const restricted = openDatabase({ url: testDatabase.url, role, application_name: 'jobs-test' });
  await expect(restricted.pool.query(`CREATE TABLE ${schema}.intruder (id int)`)).rejects.toThrow(
    'permission denied',
  );
  await expect(restricted.pool.query(`ALTER TABLE ${schema}.job ADD COLUMN intruder int`)).rejects.toThrow(
    'must be owner',
  );
  await restricted.close();
});
