/** How far a feed can be read. */
export interface FeedHorizon {
  /** The newest epoch, of this database. */
  epoch: number;
  /** Every change of a transaction before it can be read now; what follows it may still be running. */
  xact_id: string;
  /** Epochs that this database has been through, oldest first. */
  epochs: number[];
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
