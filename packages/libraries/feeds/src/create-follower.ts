import type { FeedAnswer, FeedPlace, FeedReading, FeedStep } from '@cashback/core';
import type { Database, FeedPlaces, Reader, StoredPlace } from '@cashback/postgres';
import type { Log } from '@cashback/service';
import { type FollowState, STARTING, followStateOf } from './follow-state.ts';

type Step<Name extends FeedStep<never>['step'], Change = never> = Extract<FeedStep<Change>, { step: Name }>;

/** Moves the place to where the step leads. False: another reader has moved it meanwhile. */
export type MovePlace = (reader: Reader) => Promise<boolean>;

/** What an app knows of a feed that it follows. */
export interface FollowedFeed<Page, Change> {
  /** Its row in the table of places. */
  key: string;
  /** Its name in messages, after "the feed of": `changed balances`. */
  of: string;
  places: FeedPlaces;
  /** Throws when there is no answer about the cursor: the place stays, and a later turn asks again. Null is the beginning. */
  ask(page: { after: string | null; limit: number }, signal: AbortSignal): Promise<FeedAnswer<Page>>;
  decide(place: FeedPlace, answer: FeedAnswer<Page>, reading: FeedReading): FeedStep<Change>;
  /** Takes the changes of a page and moves the place. False: some are left, and the page is read again by a later turn. */
  take(changes: readonly Change[], move: MovePlace): Promise<boolean>;
  /** Moves the place to the beginning, with all that is written beside. False: another reader has moved it meanwhile. */
  startOver?(move: MovePlace): Promise<boolean>;
  /** A side may have no such feed: what that leads to, in the log. Without it a missing feed is a failure. */
  absence?: { leads_to: string; ask_again_ms: number };
}

export interface FollowContext {
  database: Pick<Database, 'pool'>;
  log: Log;
}

export interface FollowOptions {
  page_size: number;
  /** For how long answers of an earlier moment count as those of a replica that lags. */
  lag_bound_ms: number;
}

export interface Follower {
  /** Reads one page. Resolves with true when the next one can be read at once. */
  turn(signal: AbortSignal): Promise<boolean>;
  /** Reads the state again: another reader may have moved the place. */
  refresh(): Promise<void>;
  state(): FollowState;
}

/**
 * Follows a feed of another side, a page a turn. Several readers share the place.
 *
 *     ask for the page after the place --> decide --> take its changes --> the place moves, unless another reader
 *                ^                           |                             has moved it
 *                |                           +--> behind: the place stays, and a later turn asks again
 *                +-- start over: from the beginning
 */
export function createFollower<Page, Change>(
  feed: FollowedFeed<Page, Change>,
  { database: { pool }, log }: FollowContext,
  { page_size, lag_bound_ms }: FollowOptions,
): Follower {
  const { key, places } = feed;
  const name = `the feed of ${feed.of}`;
  let state = STARTING;
  let absentUntil = 0;

  async function refresh(): Promise<void> {
    state = followStateOf(await places.read(pool, key), { is_offered: absentUntil === 0 });
  }

  async function readPage(signal: AbortSignal): Promise<boolean> {
    const from = await places.read(pool, key);
    const answer = await feed.ask({ after: from.cursor, limit: page_size }, signal);
    const decided = feed.decide(from, answer, { page_size, lag_bound_ms, now: from.now });
    if (decided.step === 'wait') {
      wait(decided);
      return false;
    }
    if (absentUntil > 0) log.info(`${name} is offered now`);
    absentUntil = 0;
    switch (decided.step) {
      case 'take':
        return take(from, decided);
      case 'behind':
        await stayBehind(from, decided);
        return false;
      case 'start_over':
        await startOver(from, decided);
        return false;
    }
  }

  function wait({ reason }: Step<'wait'>): void {
    if (feed.absence === undefined) throw new Error(`${name} cannot be read: ${reason}`);
    const { leads_to, ask_again_ms } = feed.absence;
    if (absentUntil === 0) log.warn({ reason, ask_again_ms }, `${name} is not offered: ${leads_to}`);
    absentUntil = Date.now() + ask_again_ms;
  }

  async function take(
    from: StoredPlace,
    { changes, to, lag_ms, more }: Step<'take', Change>,
  ): Promise<boolean> {
    if (!(await feed.take(changes, (reader) => places.move(reader, { feed: key, from, to, lag_ms }))))
      return false;
    if (from.reads_again && lag_ms !== null)
      log.info({ cursor: to.cursor }, `${name} was read again to its end`);
    return more;
  }

  async function stayBehind(from: StoredPlace, { to, reason }: Step<'behind'>): Promise<void> {
    await places.move(pool, { feed: key, from, to, lag_ms: null });
    if (from.behind_since !== null) return;
    log.warn({ from: from.cursor, reason }, `${name} is behind what was read of it before`);
  }

  async function startOver(from: StoredPlace, { to, reason }: Step<'start_over'>): Promise<void> {
    const move: MovePlace = (reader) => places.move(reader, { feed: key, from, to, lag_ms: null });
    const moved = await (feed.startOver === undefined ? move(pool) : feed.startOver(move));
    if (moved) log.warn({ from: from.cursor, reason }, `${name} is read again from its beginning`);
  }

  return {
    async turn(signal) {
      if (Date.now() < absentUntil) return false;
      const more = await readPage(signal);
      await refresh();
      return more;
    },
    refresh,
    state: () => state,
  };
}
