import { describe, expect, it } from 'vitest';
import { type FeedAnswer, type FeedPlace, type FeedStep, decideFeedStep } from '../src/index.ts';

const PAGE_SIZE = 2;
const place: FeedPlace = { cursor: 'c-1', epoch: 3, reads_again: false };
const again = { ...place, reads_again: true };
const page = (cursor: string, changes: string[], invoice_epoch?: number): FeedAnswer<string> => ({
  page: { changes, cursor, invoice_epoch },
});
const fromTheBeginning = (epoch: number | null) => ({ cursor: null, epoch, reads_again: true });

describe('the next step of a feed reader', () => {
  it.each<[string, FeedPlace, FeedAnswer<string>, Partial<FeedStep<string>>]>([
    [
      'a full page: there is more',
      place,
      page('c-2', ['a', 'b'], 3),
      { changes: ['a', 'b'], more: true, is_end: false },
    ],
    [
      'a page that is not full: the end',
      place,
      page('c-2', ['a'], 3),
      { changes: ['a'], more: false, is_end: true },
    ],
    ['an empty page: the end', place, page('c-1', [], 3), { changes: [], more: false, is_end: true }],
    [
      'a full page whose cursor stands still: nothing is taken, and it is not read at once again',
      place,
      page('c-1', ['a', 'b'], 3),
      { changes: [], more: false },
    ],
    [
      'a refused cursor: start over',
      place,
      { refused: 'it is ahead' },
      { step: 'start_over', reason: 'it is ahead', to: fromTheBeginning(3) },
    ],
    [
      'a newer epoch: start over, the page being of a past that is gone',
      place,
      page('c-2', ['a', 'b'], 4),
      { step: 'start_over', to: fromTheBeginning(4) },
    ],
    [
      'an older epoch, of a side that was restored and began none: start over',
      place,
      page('c-2', ['a', 'b'], 2),
      { step: 'start_over', to: fromTheBeginning(2) },
    ],
    [
      'the first epoch that the feed gives: it is kept',
      { ...place, epoch: null },
      page('c-2', ['a'], 3),
      { step: 'take', to: { cursor: 'c-2', epoch: 3, reads_again: false } },
    ],
    [
      'a feed without epochs: the page is taken',
      { ...place, epoch: null },
      page('c-2', ['a']),
      { step: 'take', to: { cursor: 'c-2', epoch: null, reads_again: false } },
    ],
    [
      'reading again, a full page: it goes on reading again',
      again,
      page('c-2', ['a', 'b'], 3),
      { more: true, to: { cursor: 'c-2', epoch: 3, reads_again: true } },
    ],
    [
      'reading again, the end: it is done',
      again,
      page('c-2', ['a'], 3),
      { is_end: true, to: { cursor: 'c-2', epoch: 3, reads_again: false } },
    ],
  ])('%s', (_, from, answer, expected) => {
    expect(decideFeedStep(from, answer, PAGE_SIZE)).toMatchObject(expected);
  });
});
