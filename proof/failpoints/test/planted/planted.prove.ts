import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCashbackClient } from '@cashback/client';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import type { InvariantNumber, Violation } from '@cashback/invariants';
import { plant, plantedLine } from './plant.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Testbed, startTestbed } from '../../src/testbed.ts';
import { BUGS, type PlantedBug } from './bugs.ts';
import { type PlantedOrder, openPlantedOrder } from './planted-order.ts';

const TIMEOUT_MS = 600_000;
let database: TestDatabase;
let folder: string;
let testbed: Testbed;
let number = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'cashback-planted-'));
  testbed = await startTestbed({
    database_url: database.url,
    work_folder: folder,
    // A held request does not time out while the test holds it.
    settings: { worker: { TRANSACTIONS_TIMEOUT_MS: '60000' }, transactions: { TRUST_TIMEOUT_MS: '60000' } },
    report: () => {},
  });
  // Only the tests register.
  await testbed.kill('processing');
}, TIMEOUT_MS);
afterAll(async () => {
  await testbed?.[Symbol.asyncDispose]();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

type Play = (order: PlantedOrder) => Promise<Violation[]>;

async function violated(play: Play): Promise<InvariantNumber[]> {
  number += 1;
  const order = await openPlantedOrder(testbed, `planted${number}${randomBytes(3).toString('hex')}`);
  try {
    const violations = await play(order);
    return [...new Set(violations.map(({ invariant }) => invariant))];
  } finally {
    testbed.failpoints.clearAll();
  }
}

/** The same scenario without the bug and with it: the checker finds a violation only with it. */
function calibrate(bug: PlantedBug, invariant: InvariantNumber, play: Play): void {
  test(
    `${bug.name}: invariant ${invariant} is violated, and without the bug none is`,
    { timeout: TIMEOUT_MS },
    async () => {
      expect(await violated(play)).toEqual([]);
      try {
        await testbed.restart(bug.app, plant(bug));
        expect(readFileSync(path.join(folder, 'logs', `${bug.app}.log`), 'utf8')).toContain(
          plantedLine(bug.name),
        );
        expect(await violated(play)).toContain(invariant);
      } finally {
        await testbed.restart(bug.app);
      }
    },
  );
}

/** A second process of the server, and a client of it. */
async function withTwin<Result>(
  work: (client: ReturnType<typeof createCashbackClient>) => Promise<Result>,
): Promise<Result> {
  const twin = await testbed.system.startTwin('server');
  const token = testbed.system.credentials.token('demo>server');
  const client = createCashbackClient({ url: twin.url, token, timeout_ms: 120_000 });
  try {
    return await work(client);
  } finally {
    client.close();
    await twin.stop();
  }
}

describe('the checker catches, in real processes:', () => {
  calibrate(BUGS.no_row_lock, 3, (order) =>
    withTwin(async (twin) => {
      const first = await order.clear('100.00');
      await order.register(first, '100.00', ['10', '2']);
      const second = await order.clear('40.00');
      // One call has read the order when the other starts; each changes another source.
      const read = order.hold({ by: 'server', name: 'cashback.load-orders', nth: 1, when: 'after' });
      const one = order.register(first, '100.00', ['10', '5']);
      await read.reached;
      const other = order.register(second, '40.00', ['4', '2'], twin);
      await Promise.race([other, order.lockWait()]);
      read.release();
      await Promise.all([one, other]);
      await order.settledAtRest();
      return order.check();
    }),
  );

  calibrate(BUGS.lock_and_read_in_one_statement, 4, (order) =>
    withTwin(async (twin) => {
      const first = await order.clear('100.00');
      await order.register(first, '100.00', ['10', '5']);
      const second = await order.clear('40.00');
      // One call is about to commit. The other waits for its lock, and registers the earlier amounts again.
      const written = order.hold({ by: 'server', name: /^COMMIT of/, nth: 1, when: 'before' });
      const one = order.register(second, '40.00', ['4', '2'], twin);
      await written.reached;
      const third = await order.clear('100.00');
      const other = order.register(third, '100.00', ['10', '5']);
      await order.lockWait();
      written.release();
      await Promise.all([one, other]);
      await order.settledAtRest();
      return order.check();
    }),
  );

  calibrate(BUGS.enqueue_after_commit, 11, async (order) => {
    const version = await order.clear('100.00');
    // No sweep finds forgotten orders, and no client repeats the call.
    await testbed.kill('worker');
    try {
      const committed = order.killAt({ by: 'server', name: /^COMMIT of/, nth: 1, when: 'after' });
      await expect(order.register(version, '100.00', ['10', '5'])).rejects.toThrow('did not answer');
      await committed.reached;
      // The worker is down, so nothing is rewarded yet.
      const violations = await order.check({ sweep_within_ms: 0 });
      return violations.filter(({ invariant }) => invariant !== 1);
    } finally {
      await testbed.restart('server');
      await testbed.restart('worker');
    }
  });

  calibrate(BUGS.greater_or_equal_for_greater, 0, async (order) => {
    const version = await order.clear('100.00');
    // The shop had not answered yet.
    await order.register(version, '100.00', ['10', '0']);
    await order.register(version, '100.00', ['10', '5']);
    await order.settledAtRest();
    return order.check();
  });

  calibrate(BUGS.new_operation_id_on_retry, 5, async (order) => {
    const version = await order.clear('100.00');
    const lost = order.lose({ by: 'worker', name: 'POST /update/cashback', nth: 1, when: 'before' });
    await order.register(version, '100.00', ['10', '5']);
    await lost.reached;
    await order.settledAtRest();
    return order.check();
  });

  calibrate(BUGS.settle_on_stale_poll, 1, async (order) => {
    const first = await order.clear('100.00');
    await order.register(first, '100.00', ['10', '5']);
    await order.settledAtRest();
    const second = await order.clear('40.00');
    // An answer that shows 10 and 5 is held, while 4 and 2 are rewarded ...
    const old = order.hold({ by: 'worker', name: 'POST /v2/invoice/retrieve', nth: 1, when: 'after' });
    await order.register(second, '40.00', ['4', '2']);
    await old.reached;
    // The shop registers again, as it may, and the observation for that call is faster.
    await order.register(second, '40.00', ['4', '2']);
    await order.settledAtRest();
    // ... and it arrives when 10 and 5 are the target again, before any other observation.
    const others = order.hold({
      by: 'worker',
      name: 'POST /v2/invoice/retrieve',
      nth: 'every',
      when: 'before',
    });
    const decided = order.pass({
      by: 'worker',
      name: 'COMMIT of cashback.update-charges',
      nth: 1,
      when: 'after',
    });
    const third = await order.clear('100.00');
    await order.register(third, '100.00', ['10', '5']);
    old.release();
    await decided.reached;
    // The other observations would find it, and bring the order back.
    const early = (await order.isAtRest()) ? await order.check() : [];
    others.clear();
    others.release();
    await order.settledAtRest();
    return [...early, ...(await order.check())];
  });

  calibrate(BUGS.sequence_ignored, 9, async (order) => {
    const version = await order.clear('100.00');
    // The callback of the first of two top-ups arrives last.
    const first = order.hold({ by: 'trust', name: 'POST /callbacks/billing', nth: 1, when: 'before' });
    const second = order.pass({
      by: 'wallet',
      name: 'answer to POST /callbacks/billing',
      nth: 1,
      when: 'after',
    });
    await order.register(version, '100.00', ['10', '5']);
    await first.reached;
    await second.reached;
    first.release();
    await order.received(2);
    await order.settledAtRest();
    return order.check();
  });
});

test('a planted bug whose piece of source is gone fails, and names the file', () => {
  const piece = { file: 'apps/worker/src/main.ts', from: 'no such words', to: '' };
  expect(() => plant({ name: 'of old', pieces: [piece] })).toThrow(
    'the planted bug "of old" is out of date: apps/worker/src/main.ts has the piece that it replaces 0 times',
  );
});
