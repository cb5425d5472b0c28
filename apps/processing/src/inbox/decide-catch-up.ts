import type { InvoiceChangesOutput } from '@cashback/wire';
import { type Hint, feedHint } from './hint.ts';

/** How far a feed was read. */
export interface FeedPlace {
  /** Null: its beginning. */
  cursor: string | null;
  /** The newest epoch that the feed has answered with; null while it has given none. */
  epoch: number | null;
  /** The feed is read once more from its beginning: what was read before may no longer be true. */
  reads_again: boolean;
}

/** What the feed answers to the cursor of a place. */
export type FeedAnswer = { page: InvoiceChangesOutput } | { refused: string };

export type CatchUpStep =
  | { step: 'start_over'; reason: string; to: FeedPlace }
  /** `more`: read the next page at once. */
  | { step: 'note'; hints: Hint[]; to: FeedPlace; is_end: boolean; more: boolean };

/**
 * What a page of the feed means to its reader.
 *
 *   cursor refused, or a new epoch -> start over: versions may have been issued again, with other content
 *   page                           -> note its changes; while reading again each of them is news
 *
 * Reading again goes a page a turn of the loop, so that it never crowds out live changes.
 */
export function decideCatchUp(place: FeedPlace, answer: FeedAnswer, page_size: number): CatchUpStep {
  if ('refused' in answer) return startOver(place.epoch, answer.refused);
  const { changes, cursor, invoice_epoch } = answer.page;
  const epoch = invoice_epoch ?? place.epoch;
  if (place.epoch !== null && epoch !== place.epoch) {
    return startOver(epoch, `the feed is in epoch ${epoch}, it was in epoch ${place.epoch}`);
  }
  const is_end = changes.length < page_size;
  // A cursor that stands still would lead to the same page for ever.
  const moves = cursor !== place.cursor;
  return {
    step: 'note',
    hints: moves ? changes.map((change) => feedHint(change, epoch ?? 1, place.reads_again)) : [],
    to: { cursor, epoch, reads_again: place.reads_again && !is_end },
    is_end,
    more: moves && !is_end && !place.reads_again,
  };
}

function startOver(epoch: number | null, reason: string): CatchUpStep {
  return { step: 'start_over', reason, to: { cursor: null, epoch, reads_again: true } };
}
