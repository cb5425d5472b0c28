import { CashbackError } from '@cashback/contract';
import type { FeedPlace } from '../../db/queries/invoices/list-changes.ts';

const CURSOR = /^(\d{1,10})\.(\d{1,20})\.(\d{1,19})$/;
const MAX_EPOCH = 2_147_483_647;
const MAX_XACT_ID = 2n ** 64n - 1n;
const MAX_CHANGE_ID = 2n ** 63n - 1n;

/** Before everything that ever changed. */
export const FEED_START: FeedPlace = { epoch: 0, xact_id: 0n, change_id: 0n };

/** A place in the feed as callers keep it. Its form is no promise to them. */
export function formatCursor({ epoch, xact_id, change_id }: FeedPlace): string {
  return `${epoch}.${xact_id}.${change_id}`;
}

/** Throws `CURSOR_INVALID` for what is no cursor of ours. */
export function parseCursor(cursor: string): FeedPlace {
  const [, ...parts] = CURSOR.exec(cursor) ?? [];
  const [epoch = -1n, xact_id = 0n, change_id = 0n] = parts.map(BigInt);
  if (epoch < 0n || epoch > MAX_EPOCH || xact_id > MAX_XACT_ID || change_id > MAX_CHANGE_ID) {
    throw new CashbackError(
      'CURSOR_INVALID',
      `after: expected a cursor from an earlier answer, got ${JSON.stringify(cursor)}; leave it out to start over`,
      { after: cursor },
    );
  }
  return { epoch: Number(epoch), xact_id, change_id };
}
