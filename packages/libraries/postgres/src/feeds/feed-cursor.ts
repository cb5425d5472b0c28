import * as z from 'zod';
import { type FeedHorizon, foreignPosition } from './feed-horizon.ts';

const maxXactId = 2n ** 64n - 1n;
const maxId = 2n ** 63n - 1n;

/** Digits that Postgres takes as a number up to `max`; they stay a text, as pg returns such numbers. */
const digits = (max: bigint) =>
  z
    .string()
    // Without the abort the refinement runs on what is no number, and BigInt throws.
    .regex(/^\d{1,20}$/, { abort: true })
    .refine((text) => BigInt(text) <= max);

/** The parts of a position in a feed. */
export const feedField = {
  /** Grows when the tables are restored into another cluster, whose transaction ids start again. */
  epoch: z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .refine((epoch) => epoch <= 2_147_483_647),
  /** The transaction that wrote the row, an `xid8`. */
  xact_id: digits(maxXactId),
  /** The row's number, a `bigint`. */
  id: digits(maxId),
};

export interface FeedCursor<Position> {
  format(position: Position): string;
  /** Null: no cursor of this feed. */
  parse(cursor: string): Position | null;
}

/**
 * How a position in a feed is written for callers: the fields of the shape, in its order, with dots between. Callers
 * keep cursors for as long as they like, so the form of a feed's cursor never changes.
 */
export function feedCursor<Shape extends z.ZodObject>(shape: Shape): FeedCursor<z.output<Shape>> {
  const names = Object.keys(shape.shape);
  return {
    format: (position) => names.map((name) => String(position[name])).join('.'),
    parse(cursor) {
      const parts = cursor.split('.');
      if (parts.length !== names.length) return null;
      const parsed = shape.safeParse(Object.fromEntries(names.map((name, place) => [name, parts[place]])));
      return parsed.success ? parsed.data : null;
    },
  };
}

/**
 * The position that a caller's cursor names, or the message to answer: it is no cursor of the feed, or this database
 * cannot have given it out.
 */
export function readFeedCursor<Position extends { epoch: number; xact_id: string }>(
  feed: FeedCursor<Position>,
  cursor: string,
  horizon: FeedHorizon,
): { position: Position } | { problem: string } {
  const position = feed.parse(cursor);
  const reason = position === null ? 'it is not a cursor of this feed' : foreignPosition(position, horizon);
  if (position !== null && reason === null) return { position };
  return {
    problem:
      `after: expected a cursor from an earlier answer, got ${JSON.stringify(cursor)}: ${reason}; ` +
      'read the feed from its start, without after',
  };
}
