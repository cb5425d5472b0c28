import { expect, it } from 'vitest';
import type { FeedAnswer, FeedPlace } from '@cashback/core';
import type { InvoiceChange } from '@cashback/wire';
import { decideCatchUp } from '../src/inbox/decide-catch-up.ts';

const page = (invoice_epoch?: number): FeedAnswer<InvoiceChange> => ({
  page: {
    changes: ['order-1', 'order-2'].map((invoice_id) => ({ invoice_id, version: 1, service: 'yellow' })),
    cursor: 'c-2',
    invoice_epoch,
  },
});
const place: FeedPlace = { cursor: 'c-1', epoch: 3, reads_again: false };
const again = { ...place, reads_again: true };
const hints = (epoch: number, is_unconditional: boolean) =>
  ['order-1', 'order-2'].map((order_id) => ({
    order_id,
    service: 'yellow',
    version: { epoch, version: 1 },
    is_unconditional,
  }));

it('notes the epoch of each change, and processes each unconditionally while it reads again', () => {
  expect(decideCatchUp(place, page(3), 2)).toMatchObject({ changes: hints(3, false) });
  expect(decideCatchUp(again, page(3), 2)).toMatchObject({ changes: hints(3, true) });
});

it('takes a feed without epochs for one in its first', () => {
  expect(decideCatchUp({ ...place, epoch: null }, page(), 2)).toMatchObject({ changes: hints(1, false) });
});

it('leaves the next page for the next turn while it reads again', () => {
  expect(decideCatchUp(place, page(3), 2)).toMatchObject({ more: true });
  expect(decideCatchUp(again, page(3), 2)).toMatchObject({ more: false, to: { reads_again: true } });
});

it('starts over when its cursor is refused', () => {
  expect(decideCatchUp(place, { refused: 'it is ahead' }, 2)).toEqual({
    step: 'start_over',
    reason: 'it is ahead',
    to: { cursor: null, epoch: 3, reads_again: true },
  });
});
