/** How far a feed was read. */
export interface FeedPlace {
  /** Null: its beginning. */
  cursor: string | null;
  /** The newest epoch that the feed has answered with; null while it has given none. */
  epoch: number | null;
  /** The feed is read once more from its beginning: content that was read before may no longer be true. */
  reads_again: boolean;
}

export interface FeedPage<Change> {
  changes: readonly Change[];
  cursor: string;
  invoice_epoch?: number | undefined;
}

/** What a feed answers to the cursor of a place. */
export type FeedAnswer<Change> = { page: FeedPage<Change> } | { refused: string };

export type FeedStep<Change> =
  | { step: 'start_over'; reason: string; to: FeedPlace }
  /** `more`: the next page can be read at once. */
  | { step: 'take'; changes: Change[]; to: FeedPlace; is_end: boolean; more: boolean };

/**
 * What an answer of a feed means to its reader.
 *
 *   cursor refused, or another epoch -> start over: a restore may have removed changes and given their versions again
 *   page                             -> take its changes
 */
export function decideFeedStep<Change>(
  place: FeedPlace,
  answer: FeedAnswer<Change>,
  page_size: number,
): FeedStep<Change> {
  if ('refused' in answer) return startOver(place.epoch, answer.refused);
  const { changes, cursor, invoice_epoch } = answer.page;
  const epoch = invoice_epoch ?? place.epoch;
  if (place.epoch !== null && epoch !== place.epoch) {
    return startOver(epoch, `the feed is in epoch ${epoch}, it was in epoch ${place.epoch}`);
  }
  const is_end = changes.length < page_size;
  // A cursor that stands still would lead to the same page forever.
  const moves = cursor !== place.cursor;
  return {
    step: 'take',
    changes: moves ? [...changes] : [],
    to: { cursor, epoch, reads_again: place.reads_again && !is_end },
    is_end,
    more: moves && !is_end,
  };
}

function startOver(
  epoch: number | null,
  reason: string,
): { step: 'start_over'; reason: string; to: FeedPlace } {
  return { step: 'start_over', reason, to: { cursor: null, epoch, reads_again: true } };
}
