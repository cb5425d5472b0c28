import { describe, expect, test } from 'vitest';
import { WaitTimeoutError, readUntil, untilEqual, waitUntil, withTimeout } from '../src/index.ts';

const never = new Promise<string>(() => {});
const soon = { timeout_ms: 20, interval_ms: 1 };

describe('withTimeout', () => {
  test('settles as the work does', async () => {
    expect(await withTimeout(Promise.resolve('done'), 60_000, () => 'late')).toBe('done');
    const failed = Promise.reject(new Error('broken'));
    await expect(withTimeout(failed, 60_000, () => 'late')).rejects.toThrow('broken');
  });

  test('settles as the caller says once the work took too long', async () => {
    expect(await withTimeout(never, 1, () => 'late')).toBe('late');
    const late = withTimeout(never, 1, () => {
      throw new Error('no answer');
    });
    await expect(late).rejects.toThrow('no answer');
  });

  test('a failure after the timeout ends no process', async () => {
    const { promise, reject } = Promise.withResolvers<string>();
    expect(await withTimeout(promise, 1, () => 'late')).toBe('late');
    reject(new Error('nobody listens'));
    await new Promise(setImmediate);
  });
});

describe('a wait', () => {
  test('ends as soon as the condition holds', async () => {
    let checks = 0;
    await waitUntil('third check', () => (checks += 1) === 3);
    expect(checks).toBe(3);
    expect(await readUntil(() => 'there')).toBe('there');
    await untilEqual(() => ({ a: [1] }), { a: [1] });
  });

  test('that comes to its end states what was missing', async () => {
    const missing = waitUntil('ready', () => 'port 1 is closed', soon);
    await expect(missing).rejects.toThrow('not ready after 0.02 s: port 1 is closed');
    await expect(missing).rejects.toBeInstanceOf(WaitTimeoutError);
    await expect(
      readUntil(
        () => 1,
        (value) => value === 2,
        soon,
      ),
    ).rejects.toThrow('not as expected after 0.02 s: 1');
    await expect(untilEqual(() => 1, 2, soon)).rejects.toThrow('not equal to 2 after 0.02 s: 1');
  });

  test('passes a failure of the condition on', async () => {
    const failing = waitUntil('ready', () => Promise.reject(new Error('the database is gone')), soon);
    await expect(failing).rejects.toThrow('the database is gone');
  });
});
