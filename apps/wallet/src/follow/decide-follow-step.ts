import { type FeedPlace, type FeedStep, decideFeedStep } from '@cashback/core';
import type { HttpCallError } from '@cashback/service';
import type { TrustWallet, WalletChangesOutput } from '@cashback/wire';

export type FollowStep =
  | FeedStep<TrustWallet>
  /** The payment system has no such feed. */
  | { step: 'wait'; reason: string };

const NO_SUCH_ROUTE = new Set([404, 405, 501]);

/** The next step of the reader of changed balances. Throws the error of a call that says nothing about the feed. */
export function decideFollowStep(
  place: FeedPlace,
  answer: { page: WalletChangesOutput } | { error: HttpCallError },
  page_size: number,
): FollowStep {
  if ('error' in answer) {
    const { error } = answer;
    if (NO_SUCH_ROUTE.has(error.http_status ?? 0)) return { step: 'wait', reason: error.message };
    if (error.code !== 'CURSOR_INVALID' || place.cursor === null) throw error;
    return decideFeedStep<TrustWallet>(place, { refused: error.message }, page_size);
  }
  const { wallets, cursor, epoch } = answer.page;
  const step = decideFeedStep(place, { page: { changes: wallets, cursor, invoice_epoch: epoch } }, page_size);
  // Reading again goes a page a turn: a feed of every wallet is long.
  return step.step === 'take' && place.reads_again ? { ...step, more: false } : step;
}
