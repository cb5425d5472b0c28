import type { CashbackEvent, EventsOutput } from '@cashback/contract';
import { pause } from './pause.ts';

export interface FeedOptions {
  /** The cursor of the last page that was dealt with; without it the feed starts with the first event ever. */
  after?: string;
  /** Events a page, 1 to 1000; default 100. */
  limit?: number;
  /** How long to wait for news at the end of the feed. Without it the iteration ends there. */
  poll_interval_ms?: number;
  /** Ends the iteration, without an error, after the page at hand. */
  signal?: AbortSignal;
}

/** At least one event, and the cursor to keep once they are dealt with. */
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

/** Page after page of the feed; each event once, none skipped. */
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
