import { invoiceChangesOutput } from '@cashback/wire';
import { type HttpClient, type Log, feedAnswerOf, resultOfCall } from '@cashback/service';
import { followedPlaces } from '../db/queries/feed-cursor.ts';
import { decideCatchUp } from './decide-catch-up.ts';
import { type Inbox, receiveChanges } from './receive-changes.ts';

const FEED = 'invoice_changes';

export interface CatchUpOptions {
  inbox: Inbox;
  transactions: HttpClient;
  log: Log;
  page_size: number;
  /** For how long answers of an earlier moment count as those of a replica that lags. */
  lag_bound_ms: number;
}

/**
 * Reads one page of the feed of changed invoices, so that a lost callback is only late. The place moves in the
 * transaction that notes the page. True when the next page is to be read at once.
 */
export async function catchUp(options: CatchUpOptions, signal: AbortSignal): Promise<boolean> {
  const { inbox, transactions, log, page_size, lag_bound_ms } = options;
  const from = await followedPlaces.read(inbox.database.pool, FEED);
  const body = { ...(from.cursor !== null && { after: from.cursor }), limit: page_size };
  const call = transactions.post('/v2/invoice/changes', body, invoiceChangesOutput, { signal });
  const result = await resultOfCall(call);
  const decided = decideCatchUp(from, feedAnswerOf(result), { page_size, lag_bound_ms, now: from.now });
  // Every implementation has this feed.
  if (decided.step === 'wait') throw 'error' in result ? result.error : new Error(decided.reason);
  const { to } = decided;
  if (decided.step === 'start_over') {
    log.warn({ from, reason: decided.reason }, 'the feed of invoices is read again from its beginning');
  } else if (decided.step === 'behind' && from.behind_since === null) {
    log.warn({ from, reason: decided.reason }, 'the feed of invoices is behind what was read of it before');
  } else if (decided.step === 'take' && from.reads_again && decided.is_end) {
    log.info({ cursor: to.cursor }, 'the feed of invoices was read again to its end');
  }
  const changes = decided.step === 'take' ? decided.changes : [];
  const is_end = decided.step === 'take' && decided.is_end;
  await receiveChanges(inbox, changes, async ({ client }) => {
    await followedPlaces.move(client, { feed: FEED, from, to, is_end });
  });
  return decided.step === 'take' && decided.more;
}
