import type { CashbackChangesOutput } from '@cashback/wire';
import type { Reader } from '@cashback/postgres';
import { listCashbackChanges } from '../db/queries/feeds/list-cashback-changes.ts';
import { cashbackFeedLagMs } from '../db/queries/feeds/load-lag.ts';
import { loadHorizon } from '../db/queries/feeds/feed-epochs.ts';
import { shownPage, pageStart } from './feed-page.ts';

/**
 * The next page of changes of cashback, each with the operation that made it, in the same order and with the same
 * cursors as the changed invoices. Throws `CURSOR_INVALID`.
 */
export async function cashbackChanges(
  reader: Reader,
  input: { after?: string | undefined; limit: number },
): Promise<CashbackChangesOutput> {
  const horizon = await loadHorizon(reader);
  const start = pageStart(input.after, horizon);
  // Read before the page: a change that the page lacks was waiting then, or is newer.
  const lag_ms = await cashbackFeedLagMs(reader);
  const page = await listCashbackChanges(reader, start, input.limit);
  return { ...shownPage(page, start, horizon), lag_ms };
}
