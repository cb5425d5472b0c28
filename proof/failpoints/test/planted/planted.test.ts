import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCashbackClient } from '@cashback/client';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import type { InvariantNumber, Violation } from '@cashback/invariants';
import { plant, plantedLine } from '@cashback/testing/planting';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/lab.ts';
import { BUGS, type PlantedBug } from './bugs.ts';
import { type Stage, openStage } from './stage.ts';

const TIMEOUT_MS = 600_000;
let database: TestDatabase;
let folder: string;
let lab: Lab;
let number = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'cashback-planted-'));
  lab = await openLab({
    database_url: database.url,
    work_folder: folder,
    // What is held is held for as long as it takes.
    settings: { worker: { TRANSACTIONS_TIMEOUT_MS: '20000' }, transactions: { TRUST_TIMEOUT_MS: '5000' } },
    report: () => {},
  });
  // Nobody registers but the tests.
  await lab.kill('processing');
}, TIMEOUT_MS);
afterAll(async () => {
  await lab?.stop();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

type Play = (stage: Stage) => Promise<Violation[]>;

async function violated(play: Play): Promise<InvariantNumber[]> {
  number += 1;
  const stage = await openStage(lab, `planted${number}${randomBytes(3).toString('hex')}`);
  try {
    const violations = await play(stage);
    return [...new Set(violations.map(({ invariant }) => invariant))];
  } finally {
    lab.failpoints.clearAll();
  }
}

/** The same scenario without the bug and with it: the checker tells them apart. */
function calibrate(bug: PlantedBug, invariant: InvariantNumber, play: Play): void {
  test(
    `${bug.name}: otherwise all holds, and then ${invariant} does not`,
    { timeout: TIMEOUT_MS },
    async () => {
      expect(await violated(play)).toEqual([]);
      try {
        await lab.startAnew(bug.app, plant(bug));
        expect(readFileSync(path.join(folder, 'logs', `${bug.app}.log`), 'utf8')).toContain(
          plantedLine(bug.name),
        );
        expect(await violated(play)).toContain(invariant);
      } finally {
        await lab.startAnew(bug.app);
      }
    },
  );
}

/** A second process of the server, and a client of it. */
async function withTwin<Result>(
  work: (client: ReturnType<typeof createCashbackClient>) => Promise<Result>,
): Promise<Result> {
  const twin = await lab.system.startTwin('server');
  const token = lab.system.credentials.token('demo>server');
  const client = createCashbackClient({ url: twin.url, token, timeout_ms: 20_000 });
  try {
    return await work(client);
  } finally {
    client.close();
    await twin.stop();
  }
}

describe('the checker catches, in real processes:', () => {
  calibrate(BUGS.no_row_lock, 3, (stage) =>
    withTwin(async (twin) => {
      const first = await stage.clear('100.00');
      await stage.register(first, '100.00', ['10', '2']);
      const second = await stage.clear('40.00');
      // The one has read the order when the other comes; each changes another source.
      const read = stage.hold({ by: 'server', name: 'cashback.load-orders', nth: 1, when: 'after' });
      const one = stage.register(first, '100.00', ['10', '5']);
      await read.reached;
      const other = stage.register(second, '40.00', ['4', '2'], twin);
      await Promise.race([other, stage.lockWait()]);
      read.letGo();
      await Promise.all([one, other]);
      await stage.settledAtRest();
      return stage.check();
    }),
  );

  calibrate(BUGS.lock_and_read_in_one_statement, 4, (stage) =>
    withTwin(async (twin) => {
      const first = await stage.clear('100.00');
      await stage.register(first, '100.00', ['10', '5']);
      const second = await stage.clear('40.00');
      // The one is about to commit, the other waits for its lock, and asks for what was there before.
      const written = stage.hold({ by: 'server', name: /^COMMIT of/, nth: 1, when: 'before' });
      const one = stage.register(second, '40.00', ['4', '2'], twin);
      await written.reached;
      const third = await stage.clear('100.00');
      const other = stage.register(third, '100.00', ['10', '5']);
      await stage.lockWait();
      written.letGo();
      await Promise.all([one, other]);
      await stage.settledAtRest();
      return stage.check();
    }),
  );

  calibrate(BUGS.enqueue_after_commit, 11, async (stage) => {
    const version = await stage.clear('100.00');
    // Nobody looks for forgotten orders, and nobody repeats the call.
    await lab.kill('worker');
    try {
      const committed = stage.killAt({ by: 'server', name: /^COMMIT of/, nth: 1, when: 'after' });
      await expect(stage.register(version, '100.00', ['10', '5'])).rejects.toThrow('did not answer');
      await committed.reached;
      // What nobody has worked on yet is not rewarded.
      const violations = await stage.check({ sweep_within_ms: 0 });
      return violations.filter(({ invariant }) => invariant !== 1);
    } finally {
      await lab.startAnew('server');
      await lab.startAnew('worker');
    }
  });

  calibrate(BUGS.greater_or_equal_for_greater, 0, async (stage) => {
    const version = await stage.clear('100.00');
    // The shop had not answered yet.
    await stage.register(version, '100.00', ['10', '0']);
    await stage.register(version, '100.00', ['10', '5']);
    await stage.settledAtRest();
    return stage.check();
  });

  calibrate(BUGS.new_operation_id_on_retry, 5, async (stage) => {
    const version = await stage.clear('100.00');
    const lost = stage.lose({ by: 'worker', name: 'POST /update/cashback', nth: 1, when: 'before' });
    await stage.register(version, '100.00', ['10', '5']);
    await lost.reached;
    await stage.settledAtRest();
    return stage.check();
  });

  calibrate(BUGS.settle_on_stale_poll, 1, async (stage) => {
    const first = await stage.clear('100.00');
    await stage.register(first, '100.00', ['10', '5']);
    await stage.settledAtRest();
    const second = await stage.clear('40.00');
    // An answer that shows 10 and 5 is under way for long, while 4 and 2 are rewarded ..
    const old = stage.hold({ by: 'worker', name: 'POST /v2/invoice/retrieve', nth: 1, when: 'after' });
    await stage.register(second, '40.00', ['4', '2']);
    await old.reached;
    // The shop asks again, as it may, and that look is faster.
    await stage.register(second, '40.00', ['4', '2']);
    await stage.settledAtRest();
    // .. and comes when 10 and 5 are the target again, before anybody else has looked.
    const others = stage.hold({
      by: 'worker',
      name: 'POST /v2/invoice/retrieve',
      nth: 'every',
      when: 'before',
    });
    const decided = stage.pass({
      by: 'worker',
      name: 'COMMIT of cashback.update-charges',
      nth: 1,
      when: 'after',
    });
    const third = await stage.clear('100.00');
    await stage.register(third, '100.00', ['10', '5']);
    old.letGo();
    await decided.reached;
    others.clear();
    others.letGo();
    await stage.settledAtRest();
    return stage.check();
  });

  calibrate(BUGS.sequence_ignored, 9, async (stage) => {
    const version = await stage.clear('100.00');
    // The first of two top-ups is heard of last.
    const first = stage.hold({ by: 'trust', name: 'POST /callbacks/billing', nth: 1, when: 'before' });
    const second = stage.pass({
      by: 'wallet',
      name: 'answer to POST /callbacks/billing',
      nth: 1,
      when: 'after',
    });
    await stage.register(version, '100.00', ['10', '5']);
    await first.reached;
    await second.reached;
    first.letGo();
    await stage.heard(2);
    await stage.settledAtRest();
    return stage.check();
  });
});

test('a planted bug whose place is gone says so', () => {
  const piece = { file: 'apps/worker/src/main.ts', from: 'no such words', to: '' };
  expect(() => plant({ name: 'of old', pieces: [piece] })).toThrow(
    'the planted bug "of old" is out of date: apps/worker/src/main.ts holds 0 times what it replaces',
  );
});
