import { expect, test } from 'vitest';
import { AT_START, progressAfter } from '../src/cashback/adopt/walk-progress.ts';

const options = { max_ms: 60_000, random: () => 0 };
const page = (visited: number, failed: number, ends = false) => ({ visited, failed, ends });

test.each([
  { what: 'nothing to do waits for the interval only', after: page(0, 0, true), wait_ms: 0 },
  { what: 'a page with a success goes on', after: page(50, 49), wait_ms: 0 },
  { what: 'a page without one waits', after: page(50, 50), wait_ms: 500 },
  { what: 'a pass that leaves one waits', after: page(50, 1, true), wait_ms: 500 },
])('$what', ({ after, wait_ms }) => {
  expect(progressAfter(AT_START, after, options).wait_ms).toBe(wait_ms);
});

test('the pause grows up to its bound, and a pass that leaves nothing ends it', () => {
  let progress = AT_START;
  const waits: number[] = [];
  for (let turn = 0; turn < 9; turn++) {
    const next = progressAfter(progress, page(3, 1, true), options);
    progress = next.progress;
    waits.push(next.wait_ms);
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect(progressAfter(progress, page(3, 0, true), options)).toEqual({ progress: AT_START, wait_ms: 0 });
});

test('an invoice that is left on an earlier page makes the whole pass wait at its end', () => {
  const { progress } = progressAfter(AT_START, page(50, 1), options);
  expect(progressAfter(progress, page(10, 0, true), options)).toEqual({
    progress: { failures: 1, left: 0 },
    wait_ms: 500,
  });
});
