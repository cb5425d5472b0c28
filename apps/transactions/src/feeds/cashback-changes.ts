import type { CashbackChangesOutput } from '@cashback/wire';
import { CHANGES_START, type Reader, changeCursor } from '@cashback/postgres';
import { listCashbackChanges } from '../db/queries/feeds/list-cashback-changes.ts';
import { loadHorizon } from '../db/queries/feeds/feed-epochs.ts';
import { cashbackFeedLagMs } from '../db/queries/feeds/load-lag.ts';
import { readCursor } from './read-cursor.ts';

/**
 * The next page of changes of cashback, each with the operation that made it, in the same order and with the same
 * cursors as the changed invoices. Throws `CURSOR_INVALID`.
 */
export async function cashbackChanges(
  reader: Reader,
  input: { after?: string | undefined; limit: number },
): Promise<CashbackChangesOutput> {
  const horizon = await loadHorizon(reader);
  const after = input.after === undefined ? CHANGES_START : readCursor(input.after, horizon);
  // Read before the page: a change that the page lacks was waiting then, or is newer.
  const lag_ms = await cashbackFeedLagMs(reader);
  const page = await listCashbackChanges(reader, after, input.limit);
  return {
    changes: page.map(({ change }) => change),
    cursor: changeCursor.format(page.at(-1)?.place ?? after),
    invoice_epoch: horizon.epoch,
    lag_ms,
  };
}
