import { CashbackError } from '@cashback/contract';
import { feedCursor, feedField, foreignPosition } from '@cashback/postgres';
import * as z from 'zod';
import type { FeedHorizon } from '../db/queries/feeds/load-horizon.ts';

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

/**
 * Throws `CURSOR_INVALID` for what is no cursor of ours, and for one that this database cannot have given out: after a
 * restore it would lead to empty pages for ever.
 */
export function readCursor(cursor: string, horizon: FeedHorizon): FeedPosition {
  const after = changeCursor.parse(cursor);
  if (after === null) throw invalidCursor(cursor, 'it is not a cursor of this feed');
  const problem = foreignPosition(after, horizon);
  if (problem !== null) throw invalidCursor(cursor, problem);
  return after;
}

function invalidCursor(cursor: string, reason: string): CashbackError {
  return new CashbackError(
    'CURSOR_INVALID',
    `after: expected a cursor from an earlier answer, got ${JSON.stringify(cursor)}: ${reason}; ` +
      'read the feed from its start, without after',
    { after: cursor },
  );
}
