import { type FeedAnswer, type FeedPlace, type FeedStep, decideFeedStep } from '@cashback/core';
import type { CallResult } from '@cashback/service';
import type { InvoiceChange, InvoiceChangesOutput } from '@cashback/wire';
import { type Hint, feedHint } from './hint.ts';

/**
 * The next step of the reader of changed invoices: notes the changes of a page. While it reads again each change is
 * processed, whatever is known of its order; that goes a page a turn of the loop, so that it never crowds out live
 * changes.
 */
export function decideCatchUp(
  place: FeedPlace,
  answer: FeedAnswer<InvoiceChange>,
  page_size: number,
): FeedStep<Hint> {
  const decided = decideFeedStep(place, answer, page_size);
  if (decided.step === 'start_over') return decided;
  const { changes, to, more } = decided;
  return {
    ...decided,
    changes: changes.map((change) => feedHint(change, to.epoch ?? 1, place.reads_again)),
    more: more && !place.reads_again,
  };
}

/** What the feed says about a cursor. Throws the error of a call that says nothing about it. */
export function feedAnswerOf(
  { cursor }: FeedPlace,
  result: CallResult<InvoiceChangesOutput>,
): FeedAnswer<InvoiceChange> {
  if ('body' in result) return { page: result.body };
  const { error } = result;
  if (cursor === null || error.code !== 'CURSOR_INVALID') throw error;
  return { refused: error.message };
}
