import { expect, test } from 'vitest';
import { holdUntil } from '../src/fault.ts';

const QUICK = { more_every_ms: 1, poll_ms: 1 };

test('a fault that finds nothing to affect has more orders played until it does', async () => {
  let played = 0;
  await holdUntil(() => played >= 3, 0, { playMore: () => (played += 1) }, QUICK);
  expect(played).toBeGreaterThanOrEqual(3);
});

test('a fault that affects something at once has no order played', async () => {
  let played = 0;
  await holdUntil(async () => true, 0, { playMore: () => (played += 1) }, QUICK);
  expect(played).toBe(0);
});

test('a fault that affects nothing ends at its bound', async () => {
  await holdUntil(() => false, 0, { playMore: () => {} }, { ...QUICK, timeout_ms: 1 });
});

test('an error of a fault is no effect that is missing', async () => {
  const broken = async (): Promise<boolean> => {
    throw new Error('no such table');
  };
  await expect(holdUntil(broken, 0, { playMore: () => {} }, QUICK)).rejects.toThrow('no such table');
});
