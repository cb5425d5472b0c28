import type { InvoiceStatus, Payment } from '@cashback/wire';
import { describe, expect, test } from 'vitest';
import { type StatedMoney, explainChange } from '../src/invoices/history/explain-change.ts';

/** `cleared card:fare:100 card:tip:5`: a status and its items. */
function stated(text: string): StatedMoney {
  const [status, ...lines] = text.split(' ');
  const payments = lines.map((line): Payment => {
    const [payment_type = '', item_id = '', amount = ''] = line.split(':');
    return { payment_type, items: [{ item_id, amount }] };
  });
  return { status: status as InvoiceStatus, payments };
}

const cases: [before: string | null, after: string, change: string, captured: string, grownBy: string][] = [
  [null, 'held card:fare:100', 'held', '0.0000', '0.0000'],
  [null, 'cleared card:fare:100', 'cleared', '100.0000', '100.0000'],
  ['held card:fare:100', 'held card:fare:80', 'hold_changed', '0.0000', '0.0000'],
  ['held card:fare:100', 'cleared card:fare:80', 'cleared', '80.0000', '80.0000'],
  ['held card:fare:100', 'cleared', 'cleared', '0.0000', '0.0000'],
  ['held card:fare:100', 'cancelled', 'cancelled', '0.0000', '0.0000'],
  ['cleared card:fare:100', 'cleared card:fare:0.0001', 'refunded_in_part', '0.0001', '-99.9999'],
  ['cleared card:fare:100', 'cleared', 'refunded_in_full', '0.0000', '-100.0000'],
  ['cleared card:fare:100', 'cleared card:fare:0', 'refunded_in_full', '0.0000', '-100.0000'],
  ['cleared', 'cleared card:fare:90', 'cleared_again', '90.0000', '90.0000'],
  ['cleared card:fare:90', 'cleared card:fare:90 card:tip:1', 'cleared_again', '91.0000', '1.0000'],
  ['cleared card:fare:90', 'cleared cash:fare:90', 'moved_between_items', '90.0000', '0.0000'],
  ['cleared card:fare:90', 'cancelled card:fare:0', 'cancelled', '0.0000', '-90.0000'],
];

test.each(cases)('%s, then %s: %s', (before, after, change, captured_sum, captured_change) => {
  expect(explainChange(before === null ? null : stated(before), stated(after))).toMatchObject({
    change,
    captured_sum,
    captured_change,
  });
});

describe('the items that changed', () => {
  test('are listed with their amounts before and after, and no others', () => {
    const before = stated('cleared card:fare:100 card:tip:5 card:tolls:2');
    const after = stated('cleared card:fare:60 card:tip:5 cash:fare:1');
    expect(explainChange(before, after).items).toEqual([
      { payment_type: 'card', item_id: 'fare', before: '100.0000', after: '60.0000' },
      { payment_type: 'card', item_id: 'tolls', before: '2.0000', after: '0.0000' },
      { payment_type: 'cash', item_id: 'fare', before: '0.0000', after: '1.0000' },
    ]);
  });

  test('are added up when they are stated in several lines', () => {
    const before = stated('cleared card:fare:60 card:fare:40');
    expect(explainChange(before, stated('cleared card:fare:100')).items).toEqual([]);
    expect(explainChange(before, stated('cleared card:fare:40')).items).toEqual([
      { payment_type: 'card', item_id: 'fare', before: '100.0000', after: '40.0000' },
    ]);
  });
});
