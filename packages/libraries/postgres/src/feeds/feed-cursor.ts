import * as z from 'zod';

const maxXactId = 2n ** 64n - 1n;
const maxId = 2n ** 63n - 1n;

/** Digits that Postgres takes as a number up to `max`; they stay a text, as pg returns such numbers. */
const digits = (max: bigint) =>
  z
    .string()
    // Without the abort the refinement runs on what is no number, and BigInt throws.
    .regex(/^\d{1,20}$/, { abort: true })
    .refine((text) => BigInt(text) <= max);

/** What positions in feeds are made of. */
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
 * Why the database cannot have given out a position: after a restore it would lead to empty pages for ever. Null: it can.
 * Epoch 0 is the start of every feed.
 */
export function foreignPosition(
  position: { epoch: number; xact_id: string },
  horizon: { epoch: number; xact_id: string; epochs: readonly number[] },
): string | null {
  if (position.epoch !== 0 && !horizon.epochs.includes(position.epoch)) {
    return `its epoch ${position.epoch} is not one of this database's`;
  }
  if (position.epoch === horizon.epoch && BigInt(position.xact_id) > BigInt(horizon.xact_id)) {
    return 'it is ahead of this database, which was perhaps restored without a new epoch';
  }
  return null;
}
