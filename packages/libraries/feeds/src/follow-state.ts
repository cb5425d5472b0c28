import type { FeedPlace } from '@cashback/core';

/** How a feed is followed. */
export interface FollowState {
  state: 'starting' | 'following' | 'reading_again' | 'behind' | 'not_offered';
  /** The newest epoch that the feed answered with; null while it has given none. */
  epoch: number | null;
  /** Since when each answer is older than earlier ones, as of a replica that lags; null: the last one was not. */
  behind_since: string | null;
  /** Up to when the feed is read: its age is the lag, with that of the feed itself. */
  caught_up_at: string | null;
}

/** Before the first turn. */
export const STARTING: FollowState = {
  state: 'starting',
  epoch: null,
  behind_since: null,
  caught_up_at: null,
};

/** The state by the place that is stored. */
export function followStateOf(
  { epoch, reads_again, behind_since, caught_up_at }: FeedPlace & { caught_up_at: Date | null },
  { is_offered }: { is_offered: boolean },
): FollowState {
  const reading = reads_again ? 'reading_again' : 'following';
  const offered = behind_since === null ? reading : 'behind';
  return {
    state: is_offered ? offered : 'not_offered',
    epoch,
    behind_since: behind_since?.toISOString() ?? null,
    caught_up_at: caught_up_at?.toISOString() ?? null,
  };
}
