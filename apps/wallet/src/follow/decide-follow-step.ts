import { type FeedPlace, type FeedReading, type FeedStep, decideFeedStep, firstPlace } from '@cashback/core';
import type { FeedResult } from '@cashback/service';
import type { TrustWallet, WalletChangesOutput } from '@cashback/wire';

/** A whole feed may be long, so at first it is read as after a restore: a page a turn. */
export const FIRST_PLACE = firstPlace(true);

/** The next step of the reader of changed balances. */
export function decideFollowStep(
  place: FeedPlace,
  answer: FeedResult<WalletChangesOutput>,
  reading: FeedReading,
): FeedStep<TrustWallet> {
  if (!('page' in answer)) return decideFeedStep<TrustWallet>(place, answer, reading);
  const { wallets, cursor, epoch } = answer.page;
  const step = decideFeedStep(place, { page: { changes: wallets, cursor, invoice_epoch: epoch } }, reading);
  // Reading again goes a page a turn: a feed of every wallet is long.
  return step.step === 'take' && place.reads_again ? { ...step, more: false } : step;
}
