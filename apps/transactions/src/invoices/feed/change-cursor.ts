import { CashbackError } from '@cashback/contract';
import { feedCursor, feedField } from '@cashback/postgres';
import * as z from 'zod';
import type { FeedPlace } from '../../db/queries/invoices/list-changes.ts';

/** Before everything that ever changed. */
export const FEED_START: FeedPlace = { epoch: 0, xact_id: '0', change_id: '0' };

/** A place in the feed of changes as callers keep it. Its form is no promise to them. */
export const changeCursor = feedCursor(
  z.object({ epoch: feedField.epoch, xact_id: feedField.xact_id, change_id: feedField.id }),
);

/** Throws `CURSOR_INVALID` for what is no cursor of ours. */
export function readCursor(cursor: string): FeedPlace {
  const place = changeCursor.parse(cursor);
  if (place !== null) return place;
  throw new CashbackError(
    'CURSOR_INVALID',
    `after: expected a cursor from an earlier answer, got ${JSON.stringify(cursor)}; leave it out to start over`,
    { after: cursor },
  );
}
