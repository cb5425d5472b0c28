import { describe, expect, it } from 'vitest';
import {
  type FeedAnswer,
  type FeedPage,
  type FeedPlace,
  type FeedStep,
  decideFeedStep,
  isAtPlace,
} from '../src/index.ts';

const now = new Date('2026-03-01T12:00:00Z');
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const reading = { page_size: 2, lag_bound_ms: 30_000, now };
const place: FeedPlace = { cursor: 'c-1', epoch: 3, reads_again: false, behind_since: null };
const again = { ...place, reads_again: true };
const behind = { ...place, behind_since: ago(29_999) };
const tooLong = { ...again, behind_since: ago(30_000) };
const page = (cursor: string, changes: string[], invoice_epoch?: number): FeedAnswer<FeedPage<string>> => ({
  page: { changes, cursor, invoice_epoch },
});
const fromTheBeginning = (epoch: number | null) => ({
  cursor: null,
  epoch,
  reads_again: true,
  behind_since: null,
});

describe('the next step of a feed reader', () => {
  it.each<[string, FeedPlace, FeedAnswer<FeedPage<string>>, Partial<FeedStep<string>>]>([
    [
      'a full page: there is more',
      place,
      page('c-2', ['a', 'b'], 3),
      { changes: ['a', 'b'], more: true, lag_ms: null },
    ],
    [
      'a page that is not full: the end',
      place,
      page('c-2', ['a'], 3),
      { changes: ['a'], more: false, lag_ms: 0 },
    ],
    [
      'a feed that holds changes back is behind by their age',
      place,
      { page: { changes: ['a'], cursor: 'c-2', invoice_epoch: 3, lag_ms: 20_000 } },
      { changes: ['a'], more: false, lag_ms: 20_000 },
    ],
    ['an empty page: the end', place, page('c-1', [], 3), { changes: [], more: false, lag_ms: 0 }],
    [
      'a full page whose cursor stands still: nothing is taken, and it is not read at once again',
      place,
      page('c-1', ['a', 'b'], 3),
      { changes: [], more: false },
    ],
    [
      'a higher epoch: start over at once, the page being of a past that is gone',
      place,
      page('c-2', ['a', 'b'], 4),
      { step: 'start_over', to: fromTheBeginning(4) },
    ],
    [
      'a higher epoch while it is behind: start over at once',
      behind,
      page('c-2', ['a', 'b'], 4),
      { step: 'start_over', to: fromTheBeginning(4) },
    ],
    [
      'a lower epoch: the place is kept, as a replica may lag',
      place,
      page('c-2', ['a', 'b'], 2),
      { step: 'behind', to: { ...place, behind_since: now } },
    ],
    [
      'a lower epoch, not yet for as long as the bound: the place is kept, and since when',
      behind,
      page('c-2', ['a', 'b'], 2),
      { step: 'behind', to: behind },
    ],
    [
      'a lower epoch and no other for as long as the bound: the side was restored, start over in that epoch',
      tooLong,
      page('c-2', ['a', 'b'], 2),
      { step: 'start_over', to: fromTheBeginning(2) },
    ],
    [
      'a lower epoch from the beginning of the feed: the place is kept',
      fromTheBeginning(3),
      page('c-2', ['a', 'b'], 2),
      { step: 'behind', to: { ...fromTheBeginning(3), behind_since: now } },
    ],
    [
      'the epoch of the place again: it is behind no more',
      behind,
      page('c-2', ['a'], 3),
      { step: 'take', to: { ...place, cursor: 'c-2' } },
    ],
    [
      'a refused cursor: the place is kept, as a replica may lag',
      place,
      { refused: 'it is ahead' },
      { step: 'behind', reason: 'it is ahead', to: { ...place, behind_since: now } },
    ],
    [
      'a refused cursor, by a side that says a higher epoch: start over at once',
      place,
      { refused: 'of another epoch', epoch: 4 },
      { step: 'start_over', to: fromTheBeginning(4) },
    ],
    [
      'a refused cursor, by a side that says a lower epoch: the place is kept',
      place,
      { refused: 'of another epoch', epoch: 2 },
      { step: 'behind', to: { ...place, behind_since: now } },
    ],
    [
      'a refused cursor for as long as the bound: start over in any epoch',
      tooLong,
      { refused: 'it is ahead' },
      { step: 'start_over', reason: 'it is ahead', to: fromTheBeginning(null) },
    ],
    [
      'a refused beginning: there is nothing to read',
      fromTheBeginning(3),
      { refused: 'no' },
      { step: 'wait', reason: 'no' },
    ],
    ['no such feed: wait', place, { not_offered: '404' }, { step: 'wait', reason: '404' }],
    [
      'the first epoch that the feed gives: it is kept',
      { ...place, epoch: null },
      page('c-2', ['a'], 3),
      { step: 'take', to: { ...place, cursor: 'c-2' } },
    ],
    [
      'a feed without epochs: the page is taken',
      { ...place, epoch: null },
      page('c-2', ['a']),
      { step: 'take', to: { ...place, cursor: 'c-2', epoch: null } },
    ],
    [
      'reading again, a full page: it goes on reading again',
      again,
      page('c-2', ['a', 'b'], 3),
      { more: true, to: { ...again, cursor: 'c-2' } },
    ],
    [
      'reading again, the end: it is done',
      again,
      page('c-2', ['a'], 3),
      { lag_ms: 0, to: { ...place, cursor: 'c-2' } },
    ],
  ])('%s', (_, from, answer, expected) => {
    expect(decideFeedStep(from, answer, reading)).toMatchObject(expected);
  });
});

it('reading again slowly, the next page is left for the next turn, and live changes are read on at once', () => {
  const slowly = { ...reading, reads_again_slowly: true };
  const full = page('c-2', ['a', 'b'], 3);
  expect(decideFeedStep(again, full, slowly)).toMatchObject({ changes: ['a', 'b'], more: false });
  expect(decideFeedStep(place, full, slowly)).toMatchObject({ changes: ['a', 'b'], more: true });
});

/** A side whose answers come from these epochs by turns, read once a second; how often the reader starts over. */
function startsOver(epochs: readonly number[], seconds: number): { starts: number; at: FeedPlace } {
  let at = place;
  let starts = 0;
  for (let second = 0; second < seconds; second += 1) {
    const answer = page(`c-${second}`, ['a'], epochs[second % epochs.length]);
    const step = decideFeedStep(at, answer, { ...reading, now: new Date(now.getTime() + second * 1_000) });
    if (step.step === 'wait') continue;
    if (step.step === 'start_over') starts += 1;
    at = step.to;
  }
  return { starts, at };
}

describe('replicas of different epochs', () => {
  it('start a feed over once, for the newest epoch, however often they take turns', () => {
    expect(startsOver([3, 2], 3_600)).toMatchObject({ starts: 0, at: { epoch: 3 } });
    expect(startsOver([2, 2, 2, 4, 3], 3_600)).toMatchObject({ starts: 1, at: { epoch: 4 } });
  });

  it('are followed to a lower epoch when all are in it for longer than the bound', () => {
    expect(startsOver([2], 3_600)).toMatchObject({ starts: 1, at: { epoch: 2, reads_again: false } });
  });
});

it('a place that another reader has moved, to another cursor or epoch, is not the one that was read', () => {
  expect(isAtPlace(place, { ...place, reads_again: true })).toBe(true);
  expect(isAtPlace({ ...place, cursor: 'c-2' }, place)).toBe(false);
  expect(isAtPlace({ ...fromTheBeginning(4) }, fromTheBeginning(3))).toBe(false);
});
