import * as z from 'zod';
import { feedCursor, feedField } from './feed-cursor.ts';

/** A place in a feed of changes: `epoch`, then the transaction that made the change, then the change. */
export interface ChangePosition {
  epoch: number;
  xact_id: string;
  change_id: string;
}

/** Before everything that ever changed. */
export const CHANGES_START: ChangePosition = { epoch: 0, xact_id: '0', change_id: '0' };

/** A place in such a feed as callers keep it. Its form is no promise to them. */
export const changeCursor = feedCursor(
  z.object({ epoch: feedField.epoch, xact_id: feedField.xact_id, change_id: feedField.id }),
);
