import type { FeedAnswer, FeedPlace } from '@cashback/core';
import { type InvoiceChange, invoiceChangesOutput } from '@cashback/wire';
import { type HttpClient, type Log, resultOfCall } from '@cashback/service';
import { moveFeedPlace, readFeedPlace } from '../db/queries/feed-cursor.ts';
import { decideCatchUp, feedAnswerOf } from './decide-catch-up.ts';
import { type Inbox, receiveChanges } from './receive-changes.ts';

const FEED = 'invoice_changes';

export interface CatchUpOptions {
  inbox: Inbox;
  transactions: HttpClient;
  log: Log;
  page_size: number;
}

/**
 * Reads one page of the feed of changed invoices, so that a lost callback is only late. The place moves in the
 * transaction that notes the page. True when the next page is to be read at once.
 */
export async function catchUp(options: CatchUpOptions, signal: AbortSignal): Promise<boolean> {
  const { inbox, log, page_size } = options;
  const from = await readFeedPlace(inbox.database, FEED);
  const decided = decideCatchUp(from, await readPage(options, from, signal), page_size);
  if (decided.step === 'start_over') {
    log.warn({ from, reason: decided.reason }, 'the feed of invoices is read again from its beginning');
  } else if (from.reads_again && decided.is_end) {
    log.info({ cursor: decided.to.cursor }, 'the feed of invoices was read again to its end');
  }
  const isEnd = decided.step === 'take' && decided.is_end;
  await receiveChanges(inbox, decided.step === 'take' ? decided.changes : [], (transaction) =>
    moveFeedPlace(transaction, { feed: FEED, from, to: decided.to, is_end: isEnd }),
  );
  return decided.step === 'take' && decided.more;
}

async function readPage(
  { transactions, page_size }: CatchUpOptions,
  from: FeedPlace,
  signal: AbortSignal,
): Promise<FeedAnswer<InvoiceChange>> {
  const { cursor } = from;
  const body = { ...(cursor !== null && { after: cursor }), limit: page_size };
  const call = transactions.post('/v2/invoice/changes', body, invoiceChangesOutput, { signal });
  return feedAnswerOf(from, await resultOfCall(call));
}
