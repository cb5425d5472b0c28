import type { FeedPage } from '@cashback/core';
import { type FollowOptions, type Follower, createFollower, feedAnswerOf } from '@cashback/feeds';
import { type HttpClient, type Log, resultOfCall } from '@cashback/service';
import { type InvoiceChange, invoiceChangesOutput } from '@cashback/wire';
import { followedPlaces } from '../db/queries/feed-cursor.ts';
import { decideCatchUp } from './decide-catch-up.ts';
import type { Hint } from './hint.ts';
import { type Inbox, receiveChanges } from './receive-changes.ts';

/**
 * Follows the feed of changed invoices, so that a lost callback is only late. The place moves in the transaction that
 * notes the page. Every implementation has this feed.
 */
export function followInvoices(
  { inbox, transactions, log }: { inbox: Inbox; transactions: HttpClient; log: Log },
  options: FollowOptions,
): Follower {
  return createFollower<FeedPage<InvoiceChange>, Hint>(
    {
      key: 'invoice_changes',
      of: 'changed invoices',
      places: followedPlaces,
      async ask({ after, limit }, signal) {
        const body = { ...(after !== null && { after }), limit };
        const call = transactions.post('/v2/invoice/changes', body, invoiceChangesOutput, { signal });
        return feedAnswerOf(await resultOfCall(call));
      },
      decide: decideCatchUp,
      async take(hints, move) {
        await receiveChanges(inbox, hints, async ({ client }) => void (await move(client)));
        return true;
      },
    },
    { database: inbox.database, log },
    options,
  );
}
