/** How far a feed was read. */
export interface FeedPlace {
  /** Null: its beginning. */
  cursor: string | null;
  /** The newest epoch that the feed has answered with; null while it has given none. */
  epoch: number | null;
  /** The feed is read once more from its beginning: content that was read before may no longer be true. */
  reads_again: boolean;
  /** Since when each answer is of a moment before this place; null: the last answer was not. */
  behind_since: Date | null;
}

export interface FeedPage<Change> {
  changes: readonly Change[];
  cursor: string;
  invoice_epoch?: number | undefined;
  /** How old the oldest change is that the feed holds back; absent: it holds none back, or does not say. */
  lag_ms?: number | undefined;
}

/** What a feed answers to the cursor of a place. */
export type FeedAnswer<Page> =
  | { page: Page }
  /** `epoch`: the newest one of the side, if the refusal says it. */
  | { refused: string; epoch?: number | undefined }
  | { not_offered: string };

export type FeedStep<Change> =
  /** `lag_ms`: how far the end of the page is behind; null: it is not the feed's end. `more`: the next page can be read at once. */
  | { step: 'take'; changes: Change[]; to: FeedPlace; lag_ms: number | null; more: boolean }
  | { step: 'start_over'; reason: string; to: FeedPlace }
  /** The cursor stays, and the feed is asked again later. */
  | { step: 'behind'; reason: string; to: FeedPlace }
  /** There is no such feed. */
  | { step: 'wait'; reason: string };

export interface FeedReading {
  page_size: number;
  /** For how long answers of an earlier moment count as those of a replica that lags. */
  lag_bound_ms: number;
  /** By the clock that wrote `behind_since`. */
  now: Date;
  /** Reading again goes a page a turn, so that it never crowds out live changes. */
  reads_again_slowly?: boolean;
}

/**
 * What an answer of a feed means to its reader.
 *
 *   a higher epoch          -> start over: a restore may have removed changes and given their versions again
 *   page of a lower epoch,  -> behind: a replica lags, or the side was restored and began no epoch. When no other answer
 *   or the cursor refused      comes for longer than the bound, it was restored: start over
 *   page                    -> take its changes
 *
 * So replicas that disagree start nothing over, and a side that stays at the lower epoch is followed all the same.
 */
export function decideFeedStep<Change>(
  place: FeedPlace,
  answer: FeedAnswer<FeedPage<Change>>,
  reading: FeedReading,
): FeedStep<Change> {
  if ('not_offered' in answer) return { step: 'wait', reason: answer.not_offered };
  if ('refused' in answer) {
    // The beginning cannot be refused by a feed that can be read at all.
    if (place.cursor === null) return { step: 'wait', reason: answer.refused };
    const { refused: reason, epoch } = answer;
    if (place.epoch !== null && epoch !== undefined && epoch > place.epoch) return startOver(epoch, reason);
    // The next page says which epoch it is: a lower one is no reason to wait once more.
    return behindOrOver(place, { epoch: null, reason }, reading);
  }
  const { changes, cursor, invoice_epoch, lag_ms = 0 } = answer.page;
  const epoch = invoice_epoch ?? place.epoch;
  if (place.epoch !== null && epoch !== null && epoch !== place.epoch) {
    const reason = `the feed is in epoch ${epoch}, it was in epoch ${place.epoch}`;
    return epoch > place.epoch ? startOver(epoch, reason) : behindOrOver(place, { epoch, reason }, reading);
  }
  const is_end = changes.length < reading.page_size;
  // A cursor that stands still would lead to the same page forever.
  const moves = cursor !== place.cursor;
  return {
    step: 'take',
    changes: moves ? [...changes] : [],
    to: { cursor, epoch, reads_again: place.reads_again && !is_end, behind_since: null },
    lag_ms: is_end ? lag_ms : null,
    more: moves && !is_end && !(place.reads_again && reading.reads_again_slowly === true),
  };
}

/** The answer of a feed whose pages have another form. */
export function withPage<Page, Other>(
  answer: FeedAnswer<Page>,
  pageOf: (page: Page) => Other,
): FeedAnswer<Other> {
  return 'page' in answer ? { page: pageOf(answer.page) } : answer;
}

/** The place in a feed that was never read. `reads_again`: it is read as after a restore. */
export function firstPlace(reads_again: boolean): FeedPlace {
  return { cursor: null, epoch: null, reads_again, behind_since: null };
}

/** Whether a stored place is still the one that was read: no other reader has moved it meanwhile. */
export function isAtPlace(stored: FeedPlace, read: FeedPlace): boolean {
  return stored.cursor === read.cursor && stored.epoch === read.epoch;
}

type LeavesPlace = Extract<FeedStep<never>, { step: 'start_over' | 'behind' }>;

function behindOrOver(
  place: FeedPlace,
  { epoch, reason }: { epoch: number | null; reason: string },
  { now, lag_bound_ms }: FeedReading,
): LeavesPlace {
  const { cursor, reads_again, behind_since } = place;
  const isRestored = behind_since !== null && now.getTime() - behind_since.getTime() >= lag_bound_ms;
  if (isRestored) return startOver(epoch, reason);
  const to = { cursor, epoch: place.epoch, reads_again, behind_since: behind_since ?? now };
  return { step: 'behind', reason, to };
}

function startOver(epoch: number | null, reason: string): LeavesPlace {
  return { step: 'start_over', reason, to: { cursor: null, epoch, reads_again: true, behind_since: null } };
}
