import { type Database, type Jobs, openDatabase, startJobs, withTransaction } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase, untilLockWaits } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimOverdue } from '../src/db/queries/changes/claim-overdue.ts';
import { insertChanges } from '../src/db/queries/changes/insert-changes.ts';
import { lockChanges } from '../src/db/queries/changes/lock-changes.ts';
import { updateChanges } from '../src/db/queries/changes/update-changes.ts';
import { type ChangeRow, isUnfinished } from '../src/inbox/change.ts';
import { sweepChange } from '../src/inbox/note-change.ts';
import { type NextAttempt, recordAttempt } from '../src/record/decide-next-attempt.ts';
import { type Hint, callbackHint, feedHint, reconcileHint } from '../src/inbox/hint.ts';
import { noteChanges, receiveChanges } from '../src/inbox/receive-changes.ts';
import { JOBS_SCHEMA, processingQueue } from '../src/queue.ts';
import { sweep } from '../src/inbox/sweep.ts';

const role = 'cashback_processing';
let testDatabase: TestDatabase;
let owner: Database;
let database: Database;
let jobs: Jobs;

const fail = (error: Error): void => {
  throw error;
};

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { url } = testDatabase;
  owner = openDatabase({ url, application_name: 'test' });
  database = openDatabase({ url, role, application_name: 'test' });
  jobs = await startJobs({
    database_url: url,
    role,
    jobs_schema: JOBS_SCHEMA,
    queues: [processingQueue],
    application_name: 'test',
    log_error: fail,
  });
});
afterAll(async () => {
  await jobs.stop({ timeout_ms: 1_000 });
  await Promise.all([database.close(), owner.close()]);
  await testDatabase.drop();
});
beforeEach(async () => {
  await owner.pool.query(`DELETE FROM processing.invoice_changes; DELETE FROM ${JOBS_SCHEMA}.job`);
});

const plan = { audit_distances: [60_000, 3_600_000], audit_end_ms: 86_400_000 };

/** A change that the feed lists. */
const announced = (version: number, invoice_id = 'order-1', epoch = 1) =>
  feedHint({ invoice_id, version, service: 'yellow' }, epoch, false);
const called = (version: number, invoice_id = 'order-1') =>
  callbackHint({ invoice_id, version, service: 'yellow' });
const at = (version: number, epoch = 1) => ({ epoch, version });

/** Notes changes; returns the orders that have something to process. */
async function note(...changes: Hint[]): Promise<string[]> {
  const written = await withTransaction(database, (transaction) => noteChanges(transaction, changes));
  return written.flatMap(({ job }) => job?.key ?? []);
}

/** Records an attempt; returns the order when it is still unfinished. */
function record(attempt: Partial<NextAttempt>): Promise<string[]> {
  const next: NextAttempt = {
    order_id: 'order-1',
    seen: at(1),
    hints: 0,
    processed: null,
    config_hash: null,
    asks_again: false,
    failures: 0,
    is_waiting: false,
    attention: null,
    cause: null,
    next_attempt_in_ms: 0,
    ...attempt,
  };
  return withTransaction(database, async (transaction) => {
    const stored = await lockChanges(transaction.client, [next.order_id]);
    const writes = stored.map((one) =>
      recordAttempt(one, next, { registered: 1, unchanged: 0, stale: 0 }, plan),
    );
    await updateChanges(
      transaction,
      writes.map((write) => write.row),
    );
    return writes.flatMap(({ job }) => job?.payload.order_id ?? []);
  });
}

async function loadUnfinished(...orderIds: string[]) {
  return (await lockChanges(database.pool, orderIds)).filter(isUnfinished);
}

async function row(orderId = 'order-1'): Promise<Record<string, unknown> | undefined> {
  const { rows } = await owner.pool.query('SELECT * FROM processing.invoice_changes WHERE order_id = $1', [
    orderId,
  ]);
  return rows[0];
}

async function queuedKeys(): Promise<string[]> {
  const text = `SELECT singleton_key FROM ${JOBS_SCHEMA}.job WHERE name = $1 ORDER BY singleton_key COLLATE "C"`;
  const { rows } = await owner.pool.query<{ singleton_key: string }>(text, [processingQueue.name]);
  return rows.map(({ singleton_key }) => singleton_key);
}

describe('the inbox of changed invoices', () => {
  it('keeps the newest version of every order, in whatever order they arrive', async () => {
    expect(await note(announced(2), announced(3), announced(1), announced(1, 'order-2'))).toEqual([
      'order-1',
      'order-2',
    ]);
    expect(await row()).toMatchObject({ seen_version: 3, processed_version: 0 });
    await record({ seen: at(3), processed: at(3) });
    expect(await note(announced(3), announced(2))).toEqual([]);
    expect(await note(announced(4))).toEqual(['order-1']);
    expect(await row()).toMatchObject({ seen_version: 4 });
  });

  it('takes a lower version of a newer epoch for newer, and no version of an older epoch', async () => {
    await note(announced(5));
    await record({ seen: at(5), processed: at(5) });
    expect(await note(announced(1, 'order-1', 2))).toEqual(['order-1']);
    expect(await row()).toMatchObject({ seen_epoch: 2, seen_version: 1, processed_epoch: 1 });
    await record({ seen: at(1, 2), processed: at(9, 1) });
    expect(await loadUnfinished('order-1')).toHaveLength(1);
    expect(await record({ seen: at(1, 2), processed: at(1, 2) })).toEqual([]);
    await record({ seen: at(1, 2), processed: at(9, 1) });
    expect(await row()).toMatchObject({ processed_epoch: 2, processed_version: 1 });
  });

  it('takes a callback as a hint: the order is processed, and the stated version is ignored', async () => {
    expect(await note(called(2_147_483_647))).toEqual(['order-1']);
    expect(await row()).toMatchObject({ seen_epoch: 1, seen_version: 1, hints: 1 });
    expect(await record({ hints: 1, processed: at(5) })).toEqual([]);
    expect(await row()).toMatchObject({ seen_version: 5, processed_version: 5, answered_hints: 1 });
    expect(await note(called(5))).toEqual(['order-1']);
    expect(await record({ seen: at(5), hints: 2, processed: at(5) })).toEqual([]);
    expect(await note(announced(6))).toEqual(['order-1']);
  });

  it('lets an attempt answer only the hints that came before it', async () => {
    await note(called(1));
    await note(called(1));
    expect(await record({ hints: 1, processed: at(1) })).toEqual(['order-1']);
    expect(await row()).toMatchObject({ hints: 2, answered_hints: 1, processed_version: 1 });
    expect(await record({ hints: 2, processed: at(1) })).toEqual([]);
    await record({ hints: 1, processed: at(1) });
    expect(await loadUnfinished('order-1')).toEqual([]);
  });

  it('processes what the feed lists while it is read again, whatever is known of it', async () => {
    await note(announced(5));
    await record({ seen: at(5), processed: at(5) });
    const again = feedHint({ invoice_id: 'order-1', version: 5, service: 'yellow' }, 1, true);
    expect(await note(again)).toEqual(['order-1']);
  });

  it('keeps the settings that an order began with, and has an attempt with others repeated', async () => {
    await note(announced(1));
    expect(await record({ processed: at(1), config_hash: 'h-1' })).toEqual([]);
    expect(await row()).toMatchObject({ config_hash: 'h-1' });
    expect(await record({ processed: at(1), config_hash: 'h-2' })).toEqual(['order-1']);
    expect(await row()).toMatchObject({ config_hash: 'h-1', asks_again: true });
    expect(await record({ processed: at(1), config_hash: 'h-1' })).toEqual([]);
  });

  it('knows no service of an order before a message states it', async () => {
    await note(reconcileHint('order-1'));
    expect(await row()).toMatchObject({ service: 'unknown', hints: 1 });
    await note(called(1));
    await note(reconcileHint('order-1'));
    expect(await row()).toMatchObject({ service: 'yellow', hints: 3 });
  });

  it('enqueues an order only for a change that is not known yet, in the transaction that notes it', async () => {
    await receiveChanges({ database, jobs }, [announced(1), announced(1, 'order-2')]);
    expect(await queuedKeys()).toEqual(['order-1', 'order-2']);
    await record({ processed: at(1) });
    await owner.pool.query(`DELETE FROM ${JOBS_SCHEMA}.job`);

    await receiveChanges({ database, jobs }, [announced(1), announced(1, 'order-3')]);
    expect(await queuedKeys()).toEqual(['order-3']);

    const refused = receiveChanges({ database, jobs }, [announced(2)], async () => {
      throw new Error('no');
    });
    await expect(refused).rejects.toThrow('no');
    expect(await row()).toMatchObject({ seen_version: 1 });
    expect(await queuedKeys()).toEqual(['order-3']);
  });

  it('does not process again a version that was processed before the feed listed it; a lower one is processed', async () => {
    await note(announced(1));
    await record({ processed: at(3) });
    expect(await note(announced(3))).toEqual([]);
    expect(await note(announced(2))).toEqual(['order-1']);
    expect(await row()).toMatchObject({ seen_version: 3, processed_version: 3, hints: 1 });
    expect(await note(announced(4))).toEqual(['order-1']);
  });

  it('never takes a processed version back', async () => {
    await note(announced(5));
    await record({ seen: at(5), processed: at(5) });
    await record({ seen: at(5), processed: at(4), asks_again: true });
    expect(await row()).toMatchObject({ processed_version: 5, asks_again: false });
  });

  it('stays due while the service URL must be asked again, and no longer', async () => {
    await note(announced(1));
    expect(await record({ processed: at(1), asks_again: true, failures: 1 })).toEqual(['order-1']);
    expect(await loadUnfinished('order-1')).toMatchObject([
      { order_id: 'order-1', seen_version: 1, failures: 1, waited_ms: null },
    ]);
    expect(await record({ processed: at(1) })).toEqual([]);
    expect(await loadUnfinished('order-1')).toEqual([]);
  });

  it('remembers when an input was first missing', async () => {
    await note(announced(1));
    await record({ is_waiting: true, failures: 1 });
    const since = (await row())?.['waiting_since'];
    expect(since).toBeInstanceOf(Date);
    await record({ is_waiting: true, failures: 2 });
    expect(await row()).toMatchObject({ waiting_since: since, failures: 2 });
    await record({ failures: 3 });
    expect(await row()).toMatchObject({ waiting_since: null, failures: 3 });
  });

  it('leaves attention, with no failures, at the next message', async () => {
    await note(announced(1));
    expect(await record({ attention: 'the service red is not in CASHBACK_SERVICES' })).toEqual(['order-1']);
    expect(await loadUnfinished('order-1')).toMatchObject([{ attention: expect.any(String) }]);
    await record({ attention: 'still', failures: 7, is_waiting: true });
    expect(await note(announced(1))).toEqual(['order-1']);
    expect(await row()).toMatchObject({ attention: null, failures: 0, waiting_since: null });
  });

  it('needs no attention for an overtaken version, and counts it as processed', async () => {
    await note(announced(1));
    await note(announced(2));
    const unfinished = await record({
      seen: at(1),
      processed: at(1),
      attention: 'too old',
      failures: 9,
      is_waiting: true,
    });
    expect(unfinished).toEqual(['order-1']);
    expect(await row()).toMatchObject({
      seen_version: 2,
      processed_version: 1,
      attention: null,
      failures: 0,
      waiting_since: null,
    });
  });

  it('needs no attention for an order that another attempt finished meanwhile', async () => {
    await note(announced(1));
    await record({ processed: at(1) });
    await record({ attention: 'too late' });
    expect(await row()).toMatchObject({ attention: null });
  });

  it('makes a change visible to the job that was queued before it, once the change is committed', async () => {
    await note(announced(1));
    await record({ processed: at(1) });
    let loading: Promise<unknown> | undefined;
    await withTransaction(database, async (transaction) => {
      await noteChanges(transaction, [announced(2)]);
      loading = loadUnfinished('order-1');
      await untilLockWaits(owner.pool);
    });
    expect(await loading).toMatchObject([{ order_id: 'order-1', seen_version: 2 }]);
  });

  it('can be added to and changed, but not deleted from, by the app', async () => {
    await note(announced(1));
    await expect(database.pool.query('DELETE FROM processing.invoice_changes')).rejects.toThrow(
      'permission denied',
    );
    await expect(
      database.pool.query(`UPDATE processing.invoice_changes SET order_id = 'order-2'`),
    ).rejects.toThrow('permission denied');
  });
});

describe('the sweeper', () => {
  const options = { overdue_ms: 60_000, page_size: 2 };
  const late = (seconds: number, orderId: string) =>
    owner.pool.query(
      `UPDATE processing.invoice_changes SET next_look_at = now() - $1 * interval '1 second' WHERE order_id = $2`,
      [seconds, orderId],
    );

  it('enqueues overdue orders, the longest overdue first, a page at a time, each once', async () => {
    await note(announced(1), announced(1, 'order-2'), announced(1, 'order-3'), announced(1, 'order-4'));
    await late(300, 'order-3');
    await late(200, 'order-1');
    await late(100, 'order-2');
    await late(50, 'order-4');
    expect(await sweep({ database, jobs }, options)).toBe(true);
    expect(await queuedKeys()).toEqual(['order-1', 'order-3']);
    expect(await sweep({ database, jobs }, options)).toBe(false);
    expect(await queuedKeys()).toEqual(['order-1', 'order-2', 'order-3']);
    expect(await sweep({ database, jobs }, options)).toBe(false);
    expect(await queuedKeys()).toHaveLength(3);
  });

  it('enqueues orders that must ask a URL again or need attention, and none that are done', async () => {
    await note(announced(1), announced(1, 'order-2'), announced(1, 'order-3'));
    await record({ processed: at(1) });
    await record({ order_id: 'order-2', processed: at(1), asks_again: true });
    await record({ order_id: 'order-3', attention: 'no service' });
    for (const orderId of ['order-1', 'order-2', 'order-3']) await late(300, orderId);
    await sweep({ database, jobs }, options);
    expect(await queuedKeys()).toEqual(['order-2', 'order-3']);
  });

  it('claims and writes the rows that the rule of its statement says', async () => {
    const limits = { overdue_ms: options.overdue_ms, limit: 100 };
    await withTransaction(database, async (transaction) => {
      await insertChanges(transaction, everyKindOfRow());
      const ids = everyKindOfRow().map(({ order_id }) => order_id);
      const before = await lockChanges(transaction.client, ids);
      const claimed = await claimOverdue(transaction, limits);
      const after = await lockChanges(transaction.client, ids);
      const swept = before.map((one) => sweepChange(one, options.overdue_ms));
      expect(claimed.toSorted()).toEqual(swept.flatMap((one) => one?.job?.payload.order_id ?? []));
      expect(claimed).not.toEqual([]);
      // Columns round to milliseconds.
      const near = (one: ChangeRow) => ({
        ...one,
        next_attempt_in_ms: expect.closeTo(one.next_attempt_in_ms, -1) as number,
        audit_in_ms: expect.closeTo(one.audit_in_ms ?? 0, -1) as number,
      });
      expect(after).toEqual(before.map((one, index) => near(swept[index]?.row ?? one)));
    });
  });
});

/** A row for each combination of what a sweep depends on, in the order of their ids. */
function everyKindOfRow(): ChangeRow[] {
  const versions = [
    { seen_epoch: 1, processed_epoch: 1, processed_version: 1, answered_hints: 4 },
    { seen_epoch: 1, processed_epoch: 1, processed_version: 2, answered_hints: 4 },
    { seen_epoch: 1, processed_epoch: 1, processed_version: 2, answered_hints: 3 },
    { seen_epoch: 2, processed_epoch: 1, processed_version: 9, answered_hints: 4 },
    { seen_epoch: 2, processed_epoch: 2, processed_version: 2, answered_hints: 4 },
  ];
  const kinds = versions.flatMap((version) =>
    [true, false].flatMap((asks_again) =>
      [null, 'no service'].flatMap((attention) =>
        [-61_000, -59_000, 5_000].map((next_attempt_in_ms) => ({
          ...version,
          asks_again,
          attention,
          next_attempt_in_ms,
        })),
      ),
    ),
  );
  const rest = {
    service: 'yellow',
    seen_version: 2,
    hints: 4,
    config_hash: 'h-1',
    failures: 3,
    waited_ms: 1_000,
    audit_in_ms: 90_000,
    audit_step: 1,
    brought_by: 'feed' as const,
  };
  const answers = { registered: 1, unchanged: 2, stale: 3 };
  return kinds.map((kind, place) => ({ order_id: `order-${place + 100}`, ...rest, ...answers, ...kind }));
}
