import type { CashbackEvent, EventsInput, EventsOutput } from '@cashback/contract';
import { afterEach, expect, test } from 'vitest';
import { untilEqual } from '@cashback/testing';
import { createCashbackClient } from '../src/index.ts';
import { TOKEN, type TestServer, routerHandler, startHttpServer } from './support.ts';

let server: TestServer | undefined;
afterEach(() => server?.stop());

function event(number: number): CashbackEvent {
  return {
    event_id: String(number),
    order_id: 'order-1',
    source: 'user',
    value: '1.0000',
    revision: number,
    invoice_epoch: 1,
    invoice_version: 1,
    created_at: '2026-01-02T03:04:05.678Z',
  };
}

/** A feed of numbered events whose cursor is the number of the last one. */
async function feedOf(stored: CashbackEvent[]) {
  const events = async ({ after, limit }: EventsInput): Promise<EventsOutput> => {
    const page = stored.filter(({ event_id }) => Number(event_id) > Number(after ?? 0)).slice(0, limit);
    return { events: page, cursor: page.at(-1)?.event_id ?? after ?? '0' };
  };
  server = await startHttpServer(routerHandler({ events }));
  return createCashbackClient({ url: server.url, token: TOKEN });
}

const numbersOf = (events: CashbackEvent[]) => events.map(({ event_id }) => Number(event_id));

test('pages follow each other to the end, each with the cursor to continue from', async () => {
  const client = await feedOf([1, 2, 3, 4, 5].map(event));
  const pages: unknown[] = [];
  for await (const { events, cursor } of client.feed({ limit: 2 })) pages.push([numbersOf(events), cursor]);
  expect(pages).toEqual([
    [[1, 2], '2'],
    [[3, 4], '4'],
    [[5], '5'],
  ]);
});

test('it starts after the given cursor, and yields no empty page', async () => {
  const client = await feedOf([1, 2].map(event));
  const pages: unknown[] = [];
  for await (const page of client.feed({ after: '2' })) pages.push(page);
  expect(pages).toEqual([]);
});

test('with a polling interval it waits for new events at the end, until it is aborted', async () => {
  const stored = [event(1)];
  const client = await feedOf(stored);
  const stop = new AbortController();
  const seen: number[] = [];
  for await (const { events } of client.feed({ poll_interval_ms: 5, signal: stop.signal })) {
    seen.push(...numbersOf(events));
    if (seen.length === 3) stop.abort();
    else stored.push(event(seen.length + 1));
  }
  expect(seen).toEqual([1, 2, 3]);
});

test('aborted while it waits, it ends immediately', async () => {
  const client = await feedOf([]);
  const stop = new AbortController();
  const next = client.feed({ poll_interval_ms: 3_600_000, signal: stop.signal }).next();
  await untilEqual(() => server?.requests.length, 1);
  stop.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});
