import type { FeedPlace } from '@cashback/core';

const BEGINNING: FeedPlace = { cursor: null, epoch: null, reads_again: false };

export function readPlace([place]: readonly FeedPlace[]): FeedPlace {
  return place ?? BEGINNING;
}

/** `moveFeedPlace`. False: another reader has moved the place from `from` meanwhile. */
export function movePlace(table: FeedPlace[], from: FeedPlace, to: FeedPlace): boolean {
  if (readPlace(table).cursor !== from.cursor) return false;
  table.splice(0, 1, to);
  return true;
}
