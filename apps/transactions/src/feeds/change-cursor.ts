import { CashbackError } from '@cashback/contract';
import { type FeedHorizon, feedCursor, feedField, readFeedCursor } from '@cashback/postgres';
import * as z from 'zod';

/** A place in a feed: `epoch`, then the transaction that made the change, then the change. */
export interface FeedPosition {
  epoch: number;
  xact_id: string;
  change_id: string;
}

/** Before everything that ever changed. */
export const FEED_START: FeedPosition = { epoch: 0, xact_id: '0', change_id: '0' };

/** A place in a feed as callers keep it. Its form is no promise to them. */
export const changeCursor = feedCursor(
  z.object({ epoch: feedField.epoch, xact_id: feedField.xact_id, change_id: feedField.id }),
);

/** Throws `CURSOR_INVALID`, with the epoch: a reader that knows a lower one need not wait for an answer that fits. */
export function readCursor(cursor: string, horizon: FeedHorizon): FeedPosition {
  const read = readFeedCursor(changeCursor, cursor, horizon);
  if ('problem' in read) {
    const details = { after: cursor, invoice_epoch: horizon.epoch };
    throw new CashbackError('CURSOR_INVALID', read.problem, details);
  }
  return read.position;
}
