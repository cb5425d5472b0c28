import { type FeedPlace, type FeedReading, isAtPlace } from '@cashback/core';
import type { World } from '../world.ts';

const BEGINNING: FeedPlace = { cursor: null, epoch: null, reads_again: false, behind_since: null };
const LAG_BOUND_MS = 30_000;

export function readPlace([place]: readonly FeedPlace[]): FeedPlace {
  return place ?? BEGINNING;
}

/** How a page that is answered now is read. */
export function readingOf({ engine }: World, page_size: number): FeedReading {
  return { page_size, lag_bound_ms: LAG_BOUND_MS, now: new Date(engine.now()) };
}

/** `followedPlaces.move`. False: another reader has moved the place from `from` meanwhile. */
export function movePlace(table: FeedPlace[], from: FeedPlace, to: FeedPlace): boolean {
  if (!isAtPlace(readPlace(table), from)) return false;
  table.splice(0, 1, to);
  return true;
}
