import { expect, test } from 'vitest';
import * as z from 'zod';
import { feedCursor, feedField } from '../src/index.ts';

const cursor = feedCursor(
  z.object({ epoch: feedField.epoch, xact_id: feedField.xact_id, event_id: feedField.id }),
);

test('a cursor is the position in the order of its shape, as callers have kept it since the first release', () => {
  const position = { event_id: '42', xact_id: '731', epoch: 1 };
  expect(cursor.format(position)).toBe('1.731.42');
  expect(cursor.parse('1.731.42')).toEqual(position);
});

test('the highest position fits', () => {
  const highest = '2147483647.18446744073709551615.9223372036854775807';
  expect(cursor.format(cursor.parse(highest) ?? { epoch: 0, xact_id: '0', event_id: '0' })).toBe(highest);
});

test.each([
  '',
  'x',
  '1.2',
  '1.2.3.4',
  '-1.2.3',
  '1.2.',
  '1. 2.3',
  '1.2e1.3',
  '2147483648.1.1',
  '9999999999.1.1',
  '1.18446744073709551616.1',
  '1.99999999999999999999.1',
  '1.1.9223372036854775808',
  '1.1.99999999999999999999',
])('%j is no cursor', (text) => expect(cursor.parse(text)).toBeNull());
