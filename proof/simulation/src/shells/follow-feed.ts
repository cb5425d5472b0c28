import type { FeedPlace, FeedReading } from '@cashback/core';
import type { World } from '../world.ts';

const LAG_BOUND_MS = 30_000;

/** A reader's table of places, which has one row, and the place of a feed that it never read. */
export interface Places {
  table: FeedPlace[];
  first: FeedPlace;
}

export function readPlace({ table: [place], first }: Places): FeedPlace {
  return place ?? first;
}

/** How a page that is answered now is read. */
export function readingOf({ engine }: World, page_size: number): FeedReading {
  return { page_size, lag_bound_ms: LAG_BOUND_MS, now: new Date(engine.now()) };
}

/** `followedPlaces.move`. False: another reader has moved the place from `from` meanwhile. */
export function movePlace({ decisions }: World, places: Places, from: FeedPlace, to: FeedPlace): boolean {
  if (!decisions.feeds.isAtPlace(readPlace(places), from)) return false;
  places.table.splice(0, 1, to);
  return true;
}
