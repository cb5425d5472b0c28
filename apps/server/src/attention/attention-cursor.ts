import type { AttentionPosition } from '@cashback/cashback-db';
import { ATTENTION_ORIGINS, CashbackError } from '@cashback/contract';

/** A position in the list of orders that need attention, as callers keep it: since when, by which app, which order. */
export function formatAttentionCursor({ since, origin, order_id }: AttentionPosition): string {
  return `${since.toISOString()}/${origin}/${order_id}`;
}

/** Throws CURSOR_INVALID. */
export function readAttentionCursor(cursor: string): AttentionPosition {
  const [, at = '', name, order_id = ''] = /^([^/]+)\/([a-z]+)\/([^\0]+)$/.exec(cursor) ?? [];
  const since = new Date(at);
  const origin = ATTENTION_ORIGINS.find((each) => each === name);
  if (origin !== undefined && !Number.isNaN(since.getTime()) && since.toISOString() === at) {
    return { since, origin, order_id };
  }
  const message = `after: expected a cursor of an earlier answer, got ${JSON.stringify(cursor)}; read the list from its start, without after`;
  throw new CashbackError('CURSOR_INVALID', message, { after: cursor });
}
