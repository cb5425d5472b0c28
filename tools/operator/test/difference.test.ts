import { expect, test } from 'vitest';
import { type Pair, differenceOf } from '../src/reconcile-trust/difference.ts';

const exported = {
  line: 2,
  count: 1,
  amount: '5.0000',
  status: 'success' as const,
  basket_id: 'b-1',
  wallet_id: 'w-1',
  source: 'user',
};
const ours = {
  order_id: 'order-1',
  amount: '5.0000',
  status: 'applied' as const,
  basket_id: 'b-1',
  wallet_id: 'w-1',
  source: 'user',
  outside: false,
};
const BARE = { basket_id: null, wallet_id: null, source: null };

function of(left: Partial<typeof exported> | null, right: object | null): string | null {
  const pair: Pair = {
    kind: 'basket',
    id: 'b-1',
    exported: left && { ...exported, ...left },
    ours: right && { ...ours, ...right },
  };
  return differenceOf(pair)?.difference ?? null;
}

test.each(['planned', 'sent', 'pending', 'applied', 'refused', 'skipped', 'none'])(
  'a step that is %s is compared with each status of the export',
  (status) => {
    const row = status === 'none' ? null : { status };
    const found = ['success', 'pending', 'failed'].map((exportedStatus) =>
      of({ status: exportedStatus as 'success' }, row),
    );
    const missing = row === null ? null : of(null, row);
    const expected: Record<string, (string | null)[]> = {
      applied: [null, null, 'missing_in_export', 'missing_in_export'],
      sent: [null, null, null, null],
      pending: [null, null, null, null],
      planned: ['not_sent_here', 'not_sent_here', null, null],
      refused: ['not_sent_here', 'not_sent_here', null, null],
      skipped: ['not_sent_here', 'not_sent_here', null, null],
      none: ['unknown_here', null, null, null],
    };
    expect([...found, missing]).toEqual(expected[status]);
  },
);

test('the amount is always compared, the other fields where the export states them', () => {
  expect(of({ amount: '5.0001' }, {})).toBe('amount_differs');
  expect(of({ ...BARE, amount: '5.0001' } as object, {})).toBe('amount_differs');
  expect(of(BARE as object, {})).toBe(null);
  expect(of({ wallet_id: 'w-2' }, {})).toBe('wallet_differs');
  expect(of({ source: 'service' }, {})).toBe('source_differs');
  expect(of({ basket_id: 'b-2' }, {})).toBe('basket_differs');
  expect(of({ amount: '6.0000' }, { status: 'sent' })).toBe('amount_differs');
});

test('an id that the export repeats is reported, even when the first of its rows agrees', () => {
  expect(of({ count: 2 }, {})).toBe('repeated_in_export');
});

test('a change outside of the time that the export covers may be missing in it, and is compared where it is there', () => {
  expect(of(null, { outside: true })).toBe(null);
  expect(of({ amount: '6.0000' }, { outside: true })).toBe('amount_differs');
});

test('a refund that took nothing may be missing in the export', () => {
  expect(of(null, { amount: '0.0000' })).toBe(null);
  expect(of({ status: 'failed' as 'success' }, { amount: '0.0000' })).toBe(null);
  expect(of(null, { amount: '0.0001' })).toBe('missing_in_export');
});
