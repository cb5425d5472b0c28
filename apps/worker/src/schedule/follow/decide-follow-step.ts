import type { CashbackVersion } from '@cashback/cashback-db';
import { type FeedPlace, type FeedStep, decideFeedStep } from '@cashback/core';
import type { CashbackChange } from '@cashback/wire';
import type { FeedAnswer } from '../../upstream/read-answers.ts';

export type FollowStep = FeedStep<CashbackVersion> | { step: 'wait'; reason: string };

/** The next step of a reader whose feed may not be offered: then it waits, and asks again later. */
export function decideFollowStep(place: FeedPlace, answer: FeedAnswer, page_size: number): FollowStep {
  if (answer.kind === 'not_offered') return { step: 'wait', reason: answer.message };
  if (answer.kind === 'cursor_refused') {
    // The beginning cannot be refused by a feed that can be read at all.
    if (place.cursor === null) return { step: 'wait', reason: answer.message };
    return decideFeedStep(place, { refused: answer.message }, page_size);
  }
  const { page } = answer;
  return decideFeedStep(place, { page: { ...page, changes: page.changes.map(versionOf) } }, page_size);
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
