import { invoiceChangesOutput } from '@cashback/wire';
import { HttpCallError, type HttpClient, type Log } from '@cashback/service';
import { withTransaction } from '@cashback/postgres';
import { moveCursor, readCursor } from '../db/queries/feed-cursor.ts';
import { type Inbox, receiveChanges } from './receive-changes.ts';

const FEED = 'invoice_changes';

export interface CatchUpOptions {
  inbox: Inbox;
  transactions: HttpClient;
  log: Log;
  page_size: number;
}

/**
 * Reads one page of the feed of changed invoices, so that a lost callback is only late. The cursor moves in the
 * transaction that notes the page. True when there is likely more to read.
 */
export async function catchUp(options: CatchUpOptions, signal: AbortSignal): Promise<boolean> {
  const { inbox, transactions, page_size } = options;
  const from = await readCursor(inbox.database, FEED);
  try {
    const { changes, cursor } = await transactions.post(
      '/v2/invoice/changes',
      { ...(from !== null && { after: from }), limit: page_size },
      invoiceChangesOutput,
      { signal },
    );
    if (cursor !== from) {
      await receiveChanges(inbox, changes, (transaction) =>
        moveCursor(transaction, { feed: FEED, from, to: cursor }),
      );
    }
    return changes.length >= page_size;
  } catch (error) {
    if (from === null || !(error instanceof HttpCallError) || error.code !== 'CURSOR_INVALID') throw error;
    return startOver(options, from);
  }
}

/** The feed no longer knows the cursor, as after a restore. A change that was noted before changes nothing. */
async function startOver({ inbox, log }: CatchUpOptions, from: string): Promise<boolean> {
  log.warn({ cursor: from }, 'the feed of invoices refuses its cursor and is read from its beginning');
  await withTransaction(inbox.database, (transaction) =>
    moveCursor(transaction, { feed: FEED, from, to: null }),
  );
  return true;
}
