import { describe, expect, it } from 'vitest';
import { type FeedAnswer, type FeedPlace, type CatchUpStep, decideCatchUp } from '../src/inbox/decide-catch-up.ts';

const change = (number: number) => ({ invoice_id: `order-${number}`, version: number, service: 'yellow' });
const page = (cursor: string, changes: number, invoice_epoch?: number): FeedAnswer => ({
  page: {
    changes: Array.from({ length: changes }, (_, index) => change(index + 1)),
    cursor,
    ...(invoice_epoch !== undefined && { invoice_epoch }),
  },
});
const PAGE_SIZE = 2;
const place: FeedPlace = { cursor: 'c-1', epoch: 3, reads_again: false };
const again = { ...place, reads_again: true };
const fromTheBeginning = (epoch: number | null) => ({ cursor: null, epoch, reads_again: true });

describe('the next step of a feed reader', () => {
  it.each<[string, FeedPlace, FeedAnswer, Partial<CatchUpStep> & { notes?: number }]>([
    ['a full page: there is more', place, page('c-2', 2, 3), { more: true, is_end: false, notes: 2 }],
    ['a page that is not full: the end', place, page('c-2', 1, 3), { more: false, is_end: true, notes: 1 }],
    ['an empty page: the end', place, page('c-1', 0, 3), { more: false, is_end: true, notes: 0 }],
    [
      'a full page whose cursor stands still: nothing is noted, and it is not read at once again',
      place,
      page('c-1', 2, 3),
      { more: false, notes: 0 },
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
      page('c-2', 2, 4),
      { step: 'start_over', to: fromTheBeginning(4) },
    ],
    [
      'an older epoch, of a side that was restored and began none: start over',
      place,
      page('c-2', 2, 2),
      { step: 'start_over', to: fromTheBeginning(2) },
    ],
    [
      'the first epoch that the feed gives: it is kept',
      { ...place, epoch: null },
      page('c-2', 1, 3),
      { step: 'note', to: { cursor: 'c-2', epoch: 3, reads_again: false } },
    ],
    [
      'a feed without epochs: the page is noted',
      { ...place, epoch: null },
      page('c-2', 1),
      { step: 'note', to: { cursor: 'c-2', epoch: null, reads_again: false } },
    ],
    [
      'reading again, a full page: the next one waits for the next turn',
      again,
      page('c-2', 2, 3),
      { more: false, notes: 2, to: { cursor: 'c-2', epoch: 3, reads_again: true } },
    ],
    [
      'reading again, the end: it is done',
      again,
      page('c-2', 1, 3),
      { is_end: true, to: { cursor: 'c-2', epoch: 3, reads_again: false } },
    ],
  ])('%s', (_, from, answer, { notes, ...expected }) => {
    const step = decideCatchUp(from, answer, PAGE_SIZE);
    expect(step).toMatchObject(expected);
    if (step.step === 'note') expect(step.hints).toHaveLength(notes ?? step.hints.length);
  });

  it('notes the epoch of each change, and each as news while it reads again', () => {
    const hint = { order_id: 'order-1', service: 'yellow', version: { epoch: 3, version: 1 } };
    expect(decideCatchUp(place, page('c-2', 1, 3), PAGE_SIZE)).toMatchObject({
      hints: [{ ...hint, is_news: false }],
    });
    expect(decideCatchUp(again, page('c-2', 1, 3), PAGE_SIZE)).toMatchObject({
      hints: [{ ...hint, is_news: true }],
    });
  });
});
