import { CashbackError } from '@cashback/contract';
import { HttpCallError } from '@cashback/service';
import type { ListedBasket } from '@cashback/wire';
import { describe, expect, test } from 'vitest';
import { adoptable, decideListed } from '../src/cashback/adopt/decide-listed.ts';
import {
  type Listing,
  MAX_PAGES,
  NOTHING_LISTED,
  basketToContinue,
  withPage,
  withRefunds,
} from '../src/cashback/adopt/listing.ts';
import type { LockedInvoice } from '../src/invoices/invoice.ts';

const INVOICE: LockedInvoice = {
  invoice_id: 'order',
  service: 'yellow',
  user_id: 'user',
  wallet_id: 'wallet',
  currency: 'EUR',
  version: 2,
  status: 'cleared',
  payments: [],
  cashback_version: 4,
  reconciled_epoch: 1,
  epoch: 2,
};
const basket = (basket_id: string, status: ListedBasket['status'] = 'success'): ListedBasket => ({
  basket_id,
  wallet_id: 'wallet',
  user_id: 'user',
  currency: 'EUR',
  amount: '5',
  source: 'user',
  order_id: 'order',
  refunded: '0',
  status,
  reason: null,
  refunds: [],
});

test.each([
  ['an invoice of an earlier epoch', INVOICE, false, INVOICE],
  ['an invoice with an operation in flight, not yet', INVOICE, true, null],
  ['an invoice of this epoch, no more', { ...INVOICE, reconciled_epoch: 2 }, false, null],
  ['an invoice that is not there', null, false, null],
])('adopts %s', (_, invoice, hasUnfinished, expected) => {
  expect(adoptable(invoice, hasUnfinished)).toEqual(expected);
});

describe('nothing is adopted', () => {
  const known = {
    invoice_id: 'order',
    cashback_version: 4,
    wallet_id: 'wallet',
    baskets: [],
    step_ids: new Set<string>(),
  };
  const decide = (before: Partial<LockedInvoice>, listed: ListedBasket[]) =>
    decideListed({ before: { ...INVOICE, ...before }, invoice: INVOICE, known, listed });

  test.each([
    ['when its cashback changed meanwhile', { cashback_version: 3 }],
    ['when a newer epoch began meanwhile', { epoch: 1 }],
  ])('%s', (_, before) => {
    expect(decide(before, [basket('b')])).toMatchObject({ code: 'HISTORY_UNKNOWN' });
  });

  test('while Trust works on a basket', () => {
    expect(decide({}, [basket('b', 'pending')])).toMatchObject({
      code: 'HISTORY_UNKNOWN',
      details: { pending: ['b'] },
    });
  });

  test('when Trust has less than was recorded', () => {
    const recorded = [{ basket_id: 'b', source: 'user' as const, amount: 50_000n, refunded: 0n }];
    const refusal = decideListed({
      before: INVOICE,
      invoice: INVOICE,
      known: { ...known, baskets: recorded },
      listed: [],
    });
    expect(refusal).toMatchObject({
      code: 'HISTORY_UNKNOWN',
      details: { differences: ['basket b is not at Trust'] },
    });
  });
});

describe('a listing', () => {
  const page = (baskets: ListedBasket[], next: string | null) => ({ body: { baskets, next } });

  test('is complete with its last page', () => {
    const first = withPage('order', NOTHING_LISTED, page([basket('a')], 'a'));
    if (first instanceof CashbackError) throw first;
    expect(first).toMatchObject({ after: 'a', is_complete: false });
    expect(withPage('order', first, page([basket('b')], null))).toMatchObject({
      baskets: [{ basket_id: 'a' }, { basket_id: 'b' }],
      is_complete: true,
    });
  });

  test.each([
    ['without an answer', { error: new HttpCallError('no answer', { ...about() }) }],
    ['with a basket of another order', page([{ ...basket('b'), order_id: 'other' }], null)],
    ['with a basket twice in a page', page([basket('b'), basket('b')], null)],
    ['with a basket of an earlier page', page([basket('a')], null)],
  ])('ends %s', (_, result) => {
    const first = withPage('order', NOTHING_LISTED, page([basket('a')], 'a'));
    if (first instanceof CashbackError) throw first;
    expect(withPage('order', first, result)).toMatchObject({ code: 'HISTORY_UNKNOWN' });
  });

  test('ends beyond its bound', () => {
    const almost = { ...NOTHING_LISTED, pages: MAX_PAGES - 1 };
    expect(withPage('order', almost, page([], 'more'))).toMatchObject({ code: 'HISTORY_UNKNOWN' });
    expect(withPage('order', almost, page([], null))).toMatchObject({ is_complete: true });
  });
});

function about() {
  return { outcome: 'unknown', upstream: 'trust', method: 'GET', url: '/baskets', code: 'TIMEOUT' } as const;
}

describe('a list of many pages', () => {
  const refunds = (page: number, status: 'success' | 'failed') =>
    Array.from({ length: status === 'failed' ? 100 : 1 }, (_, index) => ({
      refund_id: `r-${page}-${index}`,
      basket_id: 'b',
      amount: '0.0001',
      wallet_policy: 'fail' as const,
      status,
      reason: null,
    }));
  const first = (): Listing => {
    const listing = withPage('order', NOTHING_LISTED, {
      body: { baskets: [{ ...basket('b'), next_refund: 'first' }], next: null },
    });
    if (listing instanceof CashbackError) throw listing;
    return listing;
  };

  test('of thousands of refused refunds is adopted, and keeps none of them', () => {
    let listing: Listing | CashbackError = first();
    for (let page = 1; page <= 100; page += 1) {
      if (listing instanceof CashbackError) throw listing;
      const next = page === 100 ? null : 'more';
      const body = { refunds: [...refunds(page, 'failed'), ...refunds(-page, 'success')], next };
      listing = withRefunds('order', listing, 'b', { body });
    }
    if (listing instanceof CashbackError) throw listing;
    expect(basketToContinue(listing)).toBeNull();
    expect(listing.baskets[0]?.refunds).toHaveLength(100);
  });

  test.each([
    [
      'of refunds',
      first,
      (listing: Listing, page: number) =>
        withRefunds('order', listing, 'b', { body: { refunds: refunds(page, 'failed'), next: 'more' } }),
    ],
    [
      'of baskets',
      () => NOTHING_LISTED,
      (listing: Listing, page: number) =>
        withPage('order', listing, { body: { baskets: [basket(`b-${page}`)], next: 'more' } }),
    ],
  ])('%s that never ends is given up after a bounded number of them', (_, start, more) => {
    let listing: Listing | CashbackError = start();
    let page = 0;
    while (!(listing instanceof CashbackError) && page <= MAX_PAGES) {
      page += 1;
      listing = more(listing, page);
    }
    expect(listing).toMatchObject({ code: 'HISTORY_UNKNOWN' });
    expect(page).toBeLessThanOrEqual(MAX_PAGES);
  });
});
