import type { FeedPosition } from '@cashback/cashback-db';

const CURSOR = /^(\d{1,10})\.(\d{1,20})\.(\d{1,19})$/;
const MAX_EPOCH = 2_147_483_647;
const MAX_XACT_ID = 2n ** 64n - 1n;
const MAX_EVENT_ID = 2n ** 63n - 1n;

/** A place in the feed as callers keep it. Its form is no promise to them. */
export function formatCursor({ epoch, xact_id, event_id }: FeedPosition): string {
  return `${epoch}.${xact_id}.${event_id}`;
}

/** Null: no cursor of ours. */
export function parseCursor(cursor: string): FeedPosition | null {
  const [, epoch, xact_id, event_id] = CURSOR.exec(cursor) ?? [];
  if (epoch === undefined || xact_id === undefined || event_id === undefined) return null;
  const known =
    Number(epoch) <= MAX_EPOCH && BigInt(xact_id) <= MAX_XACT_ID && BigInt(event_id) <= MAX_EVENT_ID;
  return known ? { epoch: Number(epoch), xact_id, event_id } : null;
}
