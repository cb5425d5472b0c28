import type { Reader } from '../statements/reader.ts';
import type { Statement } from '../statements/statement.ts';

/** How far a feed can be read. */
export interface FeedHorizon {
  /** The newest epoch, of this database. */
  epoch: number;
  /** Every change of a transaction before it can be read now; what follows it may still be running. */
  xact_id: string;
  /** Epochs that this database has been through, oldest first. */
  epochs: number[];
}

/** A row of the owner's statement: its epochs, and the oldest transaction that is still running. */
export interface FeedHorizonRow {
  epochs: number[] | null;
  xact_id: string;
}

/** Throws while the owner's table of epochs is empty. */
export async function loadFeedHorizon(
  statement: Statement<FeedHorizonRow>,
  reader: Reader,
): Promise<FeedHorizon> {
  const [row] = await statement.rows(reader, []);
  const epochs = row?.epochs ?? [];
  const epoch = epochs.at(-1);
  if (row === undefined || epoch === undefined) {
    throw new Error(`${statement.name}: no epoch of the feed is stored: run the migrations`);
  }
  return { epoch, xact_id: row.xact_id, epochs };
}

/**
 * Why the database cannot have given out a position: after a restore it would lead to empty pages forever. Null: it can.
 * Epoch 0 is the start of every feed.
 */
export function foreignPosition(
  position: { epoch: number; xact_id: string },
  horizon: FeedHorizon,
): string | null {
  if (position.epoch !== 0 && !horizon.epochs.includes(position.epoch)) {
    return `its epoch ${position.epoch} is not one of this database's`;
  }
  if (position.epoch === horizon.epoch && BigInt(position.xact_id) > BigInt(horizon.xact_id)) {
    return 'it is ahead of this database, which was perhaps restored without a new epoch';
  }
  return null;
}
