import type { CashbackEvent, EventsOutput } from '@cashback/contract';
import { pause } from './pause.ts';

export interface FeedOptions {
  /** The cursor of the last page that was processed; without it the feed starts with the first event ever. */
  after?: string;
  /** Events a page, 1 to 1000; default 100. */
  limit?: number;
  /** The pause between polls at the end of the feed. Without it the iteration ends there. */
  poll_interval_ms?: number;
  /** Ends the iteration after the current page, without an error. */
  signal?: AbortSignal;
}

/** At least one event, and the cursor to save once the events are processed. */
export interface FeedPage {
  events: CashbackEvent[];
  cursor: string;
}

interface FeedSource {
  readPage(input: { after?: string; limit: number }): Promise<EventsOutput>;
  /** Aborts when the client is closed. */
  closed: AbortSignal;
}

const DEFAULT_LIMIT = 100;

/** The feed page by page: each event once, none skipped. */
export async function* readFeed(source: FeedSource, options: FeedOptions): AsyncGenerator<FeedPage, void> {
  const { limit = DEFAULT_LIMIT, poll_interval_ms, signal } = options;
  let after = options.after;
  for (;;) {
    if (signal?.aborted === true) return;
    const page = await source.readPage({ ...(after !== undefined && { after }), limit });
    after = page.cursor;
    if (page.events.length > 0) yield page;
    if (page.events.length === limit) continue;
    if (poll_interval_ms === undefined) return;
    await pause(poll_interval_ms, signal, source.closed);
  }
}
