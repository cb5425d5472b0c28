import { setTimeout as delay } from 'node:timers/promises';
import type { CashbackEvent } from '@cashback/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '@cashback/testing';
import { type TestServer, registerInput, startTestServer, values } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

/** Writing goes on at least this long, and until there is enough to prove something. */
const WRITING_MS = 2_500;
const MOST_WRITING_MS = 30_000;
const TIMEOUT_MS = 120_000;
const LONGEST_MS = 700;

function anyOf(limit: number): number {
  return Math.floor(Math.random() * limit);
}

/** Event ids that were committed, and those that were rolled back. */
interface Written {
  committed: Set<string>;
  undone: Set<string>;
}

let orders = 0;
async function insertEvents(
  client: { query: (text: string, values: unknown[]) => Promise<{ rows: { event_id: string }[] }> },
  count: number,
): Promise<string[]> {
  const { rows } = await client.query(
    `INSERT INTO cashback.events (order_id, value, revision, invoice_version)
     SELECT 'written-' || ($1::integer + n), 1, 1, 1 FROM generate_series(1, $2::integer) AS n RETURNING event_id`,
    [(orders += count) - count, count],
  );
  return rows.map(({ event_id }) => event_id);
}

/**
 * A transaction that writes a few events, waits, writes some more, and commits or rolls back. Some have their place in
 * the feed long before they write an event, some undo a part of what they wrote.
 */
async function writeInOneTransaction(longest_ms: number, written: Written): Promise<void> {
  const client = await server.admin.pool.connect();
  try {
    await client.query('BEGIN');
    if (anyOf(2) === 0) await client.query('SELECT pg_current_xact_id()');
    const ids: string[] = [];
    for (let part = 0; part <= anyOf(3); part++) {
      await delay(anyOf(longest_ms));
      await client.query('SAVEPOINT part');
      const added = await insertEvents(client, 1 + anyOf(3));
      if (anyOf(4) > 0) ids.push(...added);
      else {
        await client.query('ROLLBACK TO SAVEPOINT part');
        added.forEach((id) => written.undone.add(id));
      }
    }
    await delay(anyOf(longest_ms));
    const commits = anyOf(4) > 0;
    await client.query(commits ? 'COMMIT' : 'ROLLBACK');
    ids.forEach((id) => (commits ? written.committed : written.undone).add(id));
  } finally {
    client.release();
  }
}

async function readToMarker(
  limitOf: () => number,
  found: CashbackEvent[],
  marker: () => string | undefined,
): Promise<void> {
  let after: string | undefined;
  await waitUntil(
    'at the marker',
    async () => {
      const page = await server.client.events({ limit: limitOf(), ...(after !== undefined && { after }) });
      found.push(...page.events);
      after = page.cursor;
      const order = marker();
      const isAtEnd = order !== undefined && found.some(({ order_id }) => order_id === order);
      return isAtEnd || `${found.length} events`;
    },
    { timeout_ms: TIMEOUT_MS, interval_ms: 1 },
  );
}

test(
  'while transactions of every length write, each reader gets each committed event once, in one order',
  async () => {
    const written: Written = { committed: new Set(), undone: new Set() };
    let registers = 0;
    const isEnough = (): boolean => {
      const { committed, undone } = written;
      return committed.size > 50 && undone.size > 50 && committed.size + registers > 250;
    };
    const began = Date.now();
    const repeat = async (work: () => Promise<unknown>): Promise<void> => {
      const lasted = (ms: number): boolean => Date.now() - began > ms;
      while (!lasted(WRITING_MS) || (!isEnough() && !lasted(MOST_WRITING_MS))) await work();
    };
    const orderIds = Array.from({ length: 20 }, () => registerInput().order_id);
    async function register(): Promise<void> {
      await server.client.register(
        registerInput({ order_id: orderIds[anyOf(20)] ?? '', ...values(String(anyOf(9)), String(anyOf(9))) }),
      );
      registers += 1;
    }

    let marker: string | undefined;
    const live: CashbackEvent[][] = [[], [], []];
    const readers = live.map((found, index) =>
      readToMarker(
        () => (index === 0 ? 1 + anyOf(3) : 1 + anyOf(50)),
        found,
        () => marker,
      ),
    );
    const reading = Promise.all(readers);
    reading.catch(() => {}); // awaited below
    await Promise.all([
      ...Array.from({ length: 3 }, () => repeat(() => writeInOneTransaction(LONGEST_MS, written))),
      ...Array.from({ length: 3 }, () => repeat(() => writeInOneTransaction(2, written))),
      ...Array.from({ length: 3 }, () => repeat(register)),
    ]);
    // Its event follows all the events above.
    const last = registerInput();
    await server.client.register(last);
    marker = last.order_id;
    await reading;

    const again: CashbackEvent[] = [];
    await readToMarker(
      () => 1_000,
      again,
      () => marker,
    );
    const sequence = again.map(({ event_id }) => event_id);
    for (const found of live) expect(found.map(({ event_id }) => event_id)).toEqual(sequence);

    const seen = new Set(sequence);
    expect(seen.size).toBe(sequence.length);
    expect([...written.committed].filter((id) => !seen.has(id))).toEqual([]);
    expect([...written.undone].filter((id) => seen.has(id))).toEqual([]);
    const { rows } = await server.admin.pool.query<{ event_id: string }>(
      'SELECT event_id FROM cashback.events',
    );
    expect(new Set(rows.map(({ event_id }) => event_id))).toEqual(seen);
    // Event ids alone are no order to read by: later ids were committed before earlier ones.
    expect(sequence).not.toEqual(sequence.toSorted((left, right) => Number(left) - Number(right)));
    expect(Math.min(written.committed.size, written.undone.size, rows.length / 4)).toBeGreaterThan(50);
  },
  2 * TIMEOUT_MS,
);
