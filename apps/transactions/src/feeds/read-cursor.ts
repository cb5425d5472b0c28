import { CashbackError } from '@cashback/contract';
import { type ChangePosition, type FeedHorizon, changeCursor, readFeedCursor } from '@cashback/postgres';

/** Throws `CURSOR_INVALID`, with the epoch: a reader that knows a lower one need not wait for an answer that fits. */
export function readCursor(cursor: string, horizon: FeedHorizon): ChangePosition {
  const read = readFeedCursor(changeCursor, cursor, horizon);
  if ('problem' in read) {
    const details = { after: cursor, invoice_epoch: horizon.epoch };
    throw new CashbackError('CURSOR_INVALID', read.problem, details);
  }
  return read.position;
}
