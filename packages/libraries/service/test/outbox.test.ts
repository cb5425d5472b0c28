import { describe, expect, onTestFinished, test } from 'vitest';
import { waitUntil } from '@cashback/testing';
import { type OutboxCallback, type OutboxOptions, createOutbox } from '../src/index.ts';
import { gate, recordingLog } from './support.ts';

/** The rows of an app, with the lease that `claim` must take. */
function table(count: number) {
  const rows: (OutboxCallback & { leased: boolean; delivered: boolean; error?: string })[] = Array.from(
    { length: count },
    (_, at) => ({
      id: `id-${at}`,
      url: 'http://x',
      payload: { at },
      attempts: 0,
      leased: false,
      delivered: false,
    }),
  );
  const claims: number[] = [];
  const writes: string[][] = [];
  const store: Pick<OutboxOptions, 'claim' | 'delivered' | 'retry'> = {
    claim: async (limit) => {
      const claimed = rows.filter((row) => !row.leased && !row.delivered).slice(0, limit);
      for (const row of claimed) row.leased = true;
      claims.push(limit);
      return claimed.map(({ id, url, payload, attempts }) => ({ id, url, payload, attempts }));
    },
    delivered: async (ids) => {
      writes.push(ids);
      for (const row of rows) if (ids.includes(row.id)) row.delivered = true;
    },
    retry: async (id, { attempts, error }) => {
      const row = rows.find((one) => one.id === id);
      if (row) Object.assign(row, { attempts, error, leased: false });
    },
  };
  return { rows, claims, writes, store };
}

function outboxOf(
  options: Pick<OutboxOptions, 'claim' | 'delivered' | 'retry' | 'send'> & Partial<OutboxOptions>,
) {
  const { log, lines } = recordingLog();
  const bounds = {
    concurrency: 4,
    batch_size: 10,
    interval_ms: 1_000_000,
    backoff: { base_ms: 1, max_ms: 2 },
  };
  const outbox = createOutbox({ log, ...bounds, ...options });
  onTestFinished(() => outbox.stop());
  return { outbox, lines };
}

describe('an outbox', () => {
  test('delivers many pages without a pause between them, claiming no more than a page holds', async () => {
    const { rows, claims, store } = table(95);
    const sent: string[] = [];
    outboxOf({ ...store, send: async ({ id }) => void sent.push(id) });
    await waitUntil('all are delivered', () => rows.every((row) => row.delivered));
    expect(sent.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    expect(Math.max(...claims)).toBeLessThanOrEqual(10);
  });

  test('sends no more at once than its concurrency', async () => {
    const { rows, store } = table(30);
    let atOnce = 0;
    let most = 0;
    outboxOf({
      ...store,
      send: async () => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
      },
    });
    await waitUntil('all are delivered', () => rows.every((row) => row.delivered));
    expect(most).toBe(4);
  });

  test('a failed one is recorded with its error and the pause before the next attempt; the others are delivered', async () => {
    const { rows, store } = table(3);
    const retries: unknown[] = [];
    outboxOf({
      ...store,
      retry: async (id, outcome) => void retries.push({ id, ...outcome }),
      send: async ({ id }) => {
        if (id === 'id-1') throw new Error('answered 500');
      },
    });
    await waitUntil('the failure is recorded', () => retries.length === 1);
    expect(retries).toEqual([{ id: 'id-1', attempts: 1, error: 'answered 500', retry_in_ms: 1 }]);
    await waitUntil('the others are delivered', () => rows.filter((row) => row.delivered).length === 2);
  });

  test('a failed one is tried again until it is delivered', async () => {
    const { rows, store } = table(1);
    const { outbox } = outboxOf({
      ...store,
      send: async ({ attempts }) => {
        if (attempts < 2) throw new Error('not yet');
      },
    });
    await waitUntil('it is delivered', () => {
      outbox.wake();
      return rows[0]?.delivered === true;
    });
    expect(rows[0]?.attempts).toBe(2);
  });

  test('a receiver that hangs does not hold up the others, nor the record of them', async () => {
    const { rows, store } = table(50);
    const hanging = gate();
    const { outbox } = outboxOf({
      ...store,
      send: ({ id }) => (id === 'id-0' ? hanging.opened : Promise.resolve()),
    });
    await waitUntil('the others are delivered', () => rows.slice(1).every((row) => row.delivered));
    expect(rows[0]?.delivered).toBe(false);
    hanging.open();
    await outbox.stop();
    expect(rows[0]?.delivered).toBe(true);
  });

  test('one whose lease ends during its send is not sent twice at once', async () => {
    const { rows, claims, store } = table(1);
    const hanging = gate();
    let sends = 0;
    const { outbox } = outboxOf({
      ...store,
      send: () => {
        sends += 1;
        return hanging.opened;
      },
    });
    await waitUntil('it is being sent', () => sends === 1);
    for (const row of rows) row.leased = false;
    outbox.wake();
    await waitUntil('it is claimed again', () => claims.length === 2);
    hanging.open();
    await waitUntil('it is delivered', () => rows[0]?.delivered === true);
    expect(sends).toBe(1);
  });

  test('goes on when results cannot be written', async () => {
    const { rows, store } = table(20);
    let broken = true;
    const { lines, outbox } = outboxOf({
      ...store,
      delivered: async (ids) => {
        if (!broken) return store.delivered(ids);
        broken = false;
        for (const row of rows) if (ids.includes(row.id)) row.leased = false;
        throw new Error('no database');
      },
      send: async () => {},
    });
    await waitUntil('all are delivered', () => {
      outbox.wake();
      return rows.every((row) => row.delivered);
    });
    expect(lines.some(({ msg }) => msg === 'results of callbacks could not be written')).toBe(true);
  });

  test('stop claims no more, sends none of those that wait, and records those that are being sent', async () => {
    const { rows, store } = table(20);
    const held = gate();
    let sends = 0;
    const { outbox } = outboxOf({
      ...store,
      send: () => {
        sends += 1;
        return held.opened;
      },
    });
    await waitUntil('four are being sent', () => sends === 4);
    const stopped = outbox.stop();
    held.open();
    await stopped;
    expect(sends).toBe(4);
    expect(rows.filter((row) => row.delivered)).toHaveLength(4);
  });

  test('stop leaves a callback behind that does not end within the bound', async () => {
    const { store } = table(1);
    let sends = 0;
    const { outbox, lines } = outboxOf({
      ...store,
      stop_timeout_ms: 20,
      send: () => {
        sends += 1;
        return new Promise(() => {});
      },
    });
    await waitUntil('it is being sent', () => sends === 1);
    await outbox.stop();
    expect(lines.some(({ msg }) => msg.includes('left behind'))).toBe(true);
  });
});
