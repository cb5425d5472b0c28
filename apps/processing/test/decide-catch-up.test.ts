import { expect, it } from 'vitest';
import type { FeedAnswer, FeedPage, FeedPlace } from '@cashback/core';
import type { InvoiceChange } from '@cashback/wire';
import { decideCatchUp } from '../src/inbox/decide-catch-up.ts';

const page = (invoice_epoch?: number): FeedAnswer<FeedPage<InvoiceChange>> => ({
  page: {
    changes: ['order-1', 'order-2'].map((invoice_id) => ({ invoice_id, version: 1, service: 'yellow' })),
    cursor: 'c-2',
    invoice_epoch,
  },
});
const now = new Date('2026-03-01T12:00:00Z');
const reading = { page_size: 2, lag_bound_ms: 0, now };
const place: FeedPlace = { cursor: 'c-1', epoch: 3, reads_again: false, behind_since: null };
const again = { ...place, reads_again: true };
const hints = (epoch: number, is_unconditional: boolean) =>
  ['order-1', 'order-2'].map((order_id) => ({
    order_id,
    service: 'yellow',
    version: { epoch, version: 1 },
    is_unconditional,
  }));

it('notes the epoch of each change, and processes each unconditionally while it reads again', () => {
  expect(decideCatchUp(place, page(3), reading)).toMatchObject({ changes: hints(3, false) });
  expect(decideCatchUp(again, page(3), reading)).toMatchObject({ changes: hints(3, true) });
});

it('takes a feed without epochs for one in its first', () => {
  expect(decideCatchUp({ ...place, epoch: null }, page(), reading)).toMatchObject({
    changes: hints(1, false),
  });
});

it('leaves the next page for the next turn while it reads again', () => {
  expect(decideCatchUp(place, page(3), reading)).toMatchObject({ more: true });
  expect(decideCatchUp(again, page(3), reading)).toMatchObject({ more: false, to: { reads_again: true } });
});

it('starts over when its cursor stays refused', () => {
  const refused = { refused: 'it is ahead' };
  const behind = { ...place, behind_since: now };
  expect(decideCatchUp(place, refused, reading)).toEqual({
    step: 'behind',
    reason: 'it is ahead',
    to: behind,
  });
  expect(decideCatchUp(behind, refused, reading)).toEqual({
    step: 'start_over',
    reason: 'it is ahead',
    to: { cursor: null, epoch: null, reads_again: true, behind_since: null },
  });
});
