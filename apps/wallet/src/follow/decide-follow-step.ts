import {
  type FeedAnswer,
  type FeedPlace,
  type FeedReading,
  type FeedStep,
  decideFeedStep,
  firstPlace,
  withPage,
} from '@cashback/core';
import type { TrustWallet, WalletChangesOutput } from '@cashback/wire';

/** A whole feed may be long, so at first it is read as after a restore: a page a turn. */
export const FIRST_PLACE = firstPlace(true);

/** The next step of the reader of changed balances. */
export function decideFollowStep(
  place: FeedPlace,
  answer: FeedAnswer<WalletChangesOutput>,
  reading: FeedReading,
): FeedStep<TrustWallet> {
  const wallets = withPage(answer, ({ wallets: changes, cursor, epoch }) => ({
    changes,
    cursor,
    invoice_epoch: epoch,
  }));
  return decideFeedStep(place, wallets, { ...reading, reads_again_slowly: true });
}
