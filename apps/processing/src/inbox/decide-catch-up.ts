import {
  type FeedAnswer,
  type FeedPage,
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
 * processed, whatever is known of its order.
 */
export function decideCatchUp(
  place: FeedPlace,
  answer: FeedAnswer<FeedPage<InvoiceChange>>,
  reading: FeedReading,
): FeedStep<Hint> {
  const decided = decideFeedStep(place, answer, { ...reading, reads_again_slowly: true });
  if (decided.step !== 'take') return decided;
  const { changes, to } = decided;
  return { ...decided, changes: changes.map((change) => feedHint(change, to.epoch ?? 1, place.reads_again)) };
}
