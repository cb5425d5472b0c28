import { expect, it } from 'vitest';
import { followStateOf } from '../src/follow-state.ts';

const at = new Date('2026-03-01T12:00:00Z');
const place = { cursor: 'c-1', epoch: 3, reads_again: false, behind_since: null, caught_up_at: at };
const again = { ...place, reads_again: true };

it.each([
  ['a place that is read on', place, true, 'following'],
  ['a feed that is read once more', again, true, 'reading_again'],
  ['answers of an earlier moment', { ...again, behind_since: at }, true, 'behind'],
  ['no such feed', { ...again, behind_since: at }, false, 'not_offered'],
])('%s shows', (_, stored, is_offered, state) => {
  expect(followStateOf(stored, { is_offered })).toEqual({
    state,
    epoch: 3,
    behind_since: stored.behind_since === null ? null : at.toISOString(),
    caught_up_at: at.toISOString(),
  });
});
