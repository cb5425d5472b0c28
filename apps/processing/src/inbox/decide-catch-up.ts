import {
  type FeedAnswer,
  type FeedPlace,
  type FeedReading,
  type FeedStep,
  decideFeedStep,
  firstPlace,
} from '@cashback/core';
import type { InvoiceChange } from '@cashback/wire';
import { type Hint, feedHint } from './hint.ts';

export const FIRST_PLACE = firstPlace(false);

/**
 * The next step of the reader of changed invoices: notes the changes of a page. While it reads again each change is
 * processed, whatever is known of its order; that goes a page a turn of the loop, so that it never crowds out live
 * changes.
 */
export function decideCatchUp(
  place: FeedPlace,
  answer: FeedAnswer<InvoiceChange>,
  reading: FeedReading,
): FeedStep<Hint> {
  const decided = decideFeedStep(place, answer, reading);
  if (decided.step !== 'take') return decided;
  const { changes, to, more } = decided;
  return {
    ...decided,
    changes: changes.map((change) => feedHint(change, to.epoch ?? 1, place.reads_again)),
    more: more && !place.reads_again,
  };
}
