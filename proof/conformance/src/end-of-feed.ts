import type { Harness } from './harness.ts';
import { NotShown } from './verdict.ts';

const PAGE = 1_000;
/** Of the changes from before the run. */
const MAX_PAGES = 5_000;

/** Reads a feed to its end, and returns the cursor there; other guarantees of the run keep adding to it meanwhile. */
export async function endOfFeed({ api }: Harness, feed: 'changes' | 'cashbackChanges'): Promise<string> {
  let after: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await api.accept(feed, { ...(after !== undefined && { after }), limit: PAGE });
    after = page.cursor;
    if (page.changes.length < PAGE) return after;
  }
  throw new NotShown(`the feed has more than ${MAX_PAGES} pages of ${PAGE}`);
}
