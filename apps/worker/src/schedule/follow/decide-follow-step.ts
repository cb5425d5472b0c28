import type { CashbackVersion } from '@cashback/cashback-db';
import { type FeedPlace, type FeedReading, type FeedStep, decideFeedStep } from '@cashback/core';
import type { FeedResult } from '@cashback/service';
import type { CashbackChange, CashbackChangesOutput } from '@cashback/wire';

/** The next step of the reader of changed cashback. */
export function decideFollowStep(
  place: FeedPlace,
  answer: FeedResult<CashbackChangesOutput>,
  reading: FeedReading,
): FeedStep<CashbackVersion> {
  if (!('page' in answer)) return decideFeedStep<CashbackVersion>(place, answer, reading);
  const { page } = answer;
  return decideFeedStep(place, { page: { ...page, changes: page.changes.map(versionOf) } }, reading);
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
