import type { CashbackVersion } from '@cashback/cashback-db';
import {
  type FeedAnswer,
  type FeedPlace,
  type FeedReading,
  type FeedStep,
  decideFeedStep,
  withPage,
} from '@cashback/core';
import type { CashbackChange, CashbackChangesOutput } from '@cashback/wire';

/** The next step of the reader of changed cashback. */
export function decideFollowStep(
  place: FeedPlace,
  answer: FeedAnswer<CashbackChangesOutput>,
  reading: FeedReading,
): FeedStep<CashbackVersion> {
  const versions = withPage(answer, (page) => ({ ...page, changes: page.changes.map(versionOf) }));
  return decideFeedStep(place, versions, reading);
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
