import type { CashbackVersion, FeedPlace } from '@cashback/cashback-db';
import type { CashbackChange } from '@cashback/wire';
import type { FeedAnswer } from '../../upstream/read-answers.ts';

type ReadTo = Pick<FeedPlace, 'cursor' | 'epoch' | 'reads_again'>;

export type FollowStep =
  | { step: 'start_over'; reason: string; to: ReadTo }
  /** `more`: read the next page at once. */
  | { step: 'take'; changes: CashbackVersion[]; to: ReadTo; is_end: boolean; more: boolean }
  | { step: 'wait'; reason: string };

/**
 * What an answer of the feed means to its reader.
 *
 *   cursor refused, or another epoch -> start over: a restore may have removed changes and given their versions again
 *   page                             -> take its changes
 *   no such route                    -> wait, and ask again later
 */
export function decideFollowStep(place: ReadTo, answer: FeedAnswer, page_size: number): FollowStep {
  if (answer.kind === 'not_offered') return { step: 'wait', reason: answer.message };
  if (answer.kind === 'cursor_refused') {
    // The beginning cannot be refused by a feed that can be read at all.
    if (place.cursor === null) return { step: 'wait', reason: answer.message };
    return startOver(place.epoch, answer.message);
  }
  const { changes, cursor, invoice_epoch: epoch } = answer.page;
  if (place.epoch !== null && epoch !== place.epoch) {
    return startOver(epoch, `the feed is in epoch ${epoch}, it was in epoch ${place.epoch}`);
  }
  const is_end = changes.length < page_size;
  // A cursor that stands still would lead to the same page for ever.
  const moves = cursor !== place.cursor;
  return {
    step: 'take',
    changes: moves ? changes.map(versionOf) : [],
    to: { cursor, epoch, reads_again: place.reads_again && !is_end },
    is_end,
    more: moves && !is_end,
  };
}

function versionOf({
  invoice_id,
  invoice_epoch,
  cashback_version,
  operation_id,
}: CashbackChange): CashbackVersion {
  return {
    order_id: invoice_id,
    cashback_epoch: invoice_epoch,
    cashback_version,
    operation_id: operation_id ?? null,
  };
}

function startOver(epoch: number | null, reason: string): FollowStep {
  return { step: 'start_over', reason, to: { cursor: null, epoch, reads_again: true } };
}
