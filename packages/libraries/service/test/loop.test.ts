import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { waitUntil } from '@cashback/testing';
import { type Loop, type LoopOptions, createLoop } from '../src/index.ts';
import { gate, recordingLog } from './support.ts';

const NEVER_MS = 1_000_000;

function loopOf(
  run: LoopOptions['run'],
  options: Partial<LoopOptions> = {},
): Loop & ReturnType<typeof recordingLog> {
  const recording = recordingLog();
  const loop = createLoop({ name: 'sweep', log: recording.log, interval_ms: NEVER_MS, run, ...options });
  onTestFinished(() => loop.stop());
  return { ...loop, ...recording };
}

describe('a loop', () => {
  test('runs at once, again while there is more, and then pauses until it is woken', async () => {
    let turns = 0;
    const loop = loopOf(async () => ++turns < 3);
    await waitUntil('three turns', () => turns === 3);
    loop.wake();
    await waitUntil('a fourth turn', () => turns === 4);
    await loop.stop();
    expect(turns).toBe(4);
  });

  test('runs again after its interval', async () => {
    let turns = 0;
    const { lines } = loopOf(async () => void turns++, { interval_ms: 1 });
    await waitUntil('three turns', () => turns >= 3);
    expect(lines).toEqual([]);
  });

  test('never runs two turns at once, and a wake during a turn is not lost', async () => {
    let turns = 0;
    let atOnce = 0;
    let most = 0;
    const first = gate();
    const loop = loopOf(async () => {
      turns += 1;
      most = Math.max(most, ++atOnce);
      if (turns === 1) await first.opened;
      atOnce -= 1;
    });
    await waitUntil('the first turn', () => turns === 1);
    loop.wake();
    loop.wake();
    expect(turns).toBe(1);
    first.open();
    await waitUntil('the second turn', () => turns === 2);
    expect(most).toBe(1);
  });

  test('with a least interval, wakes soon after a turn share one turn, and a wake after a pause runs at once', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    let turns = 0;
    const loop = loopOf(async () => void turns++, { min_interval_ms: 20 });
    const wake = async (): Promise<void> => {
      loop.wake();
      for (let immediates = 0; immediates < 5; immediates += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await wake();
    vi.advanceTimersByTime(19);
    await wake();
    expect(turns).toBe(1);
    vi.advanceTimersByTime(1);
    await wake();
    expect(turns).toBe(2);
    vi.advanceTimersByTime(20);
    await wake();
    expect(turns).toBe(3);
    await loop.stop();
  });

  test('with a least interval, is stopped at once', async () => {
    let turns = 0;
    const loop = loopOf(async () => void turns++, { min_interval_ms: NEVER_MS });
    await waitUntil('the first turn', () => turns === 1);
    for (let immediates = 0; immediates < 5; immediates += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    loop.wake();
    await loop.stop();
    expect(turns).toBe(1);
    // It did not merely give up waiting for its turn.
    expect(loop.lines).toEqual([]);
  });

  test('survives errors, logs the first of a row and that it works again', async () => {
    let turns = 0;
    const { lines } = loopOf(
      async () => {
        if (++turns <= 4) throw new Error('no database');
      },
      { interval_ms: 1 },
    );
    await waitUntil('the loop works again', () => lines.some(({ msg }) => msg === 'loop works again'));
    const failures = lines.filter(({ level }) => level === 'error');
    expect(failures).toMatchObject([{ loop: 'sweep', failures: 1, err: { message: 'no database' } }]);
  });

  test('survives a run that throws before it returns a promise', async () => {
    let turns = 0;
    const { lines } = loopOf(
      () => {
        turns += 1;
        throw new Error('at once');
      },
      { interval_ms: 1 },
    );
    await waitUntil('a second turn', () => turns >= 2);
    expect(lines).toMatchObject([{ level: 'error', err: { message: 'at once' } }]);
  });

  test('a wake does not cut short the pause after a failure', async () => {
    let turns = 0;
    const loop = loopOf(async () => {
      turns += 1;
      throw new Error('no database');
    });
    await waitUntil('the failure', () => loop.lines.some(({ level }) => level === 'error'));
    for (let wakes = 0; wakes < 100; wakes++) {
      loop.wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(turns).toBe(1);
  });

  test('stop waits for the turn that runs, aborts its signal and starts no other', async () => {
    let turns = 0;
    let ended = false;
    const loop = loopOf(async (signal) => {
      turns += 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended = true;
      return true;
    });
    await waitUntil('the first turn', () => turns === 1);
    await loop.stop();
    expect({ turns, ended }).toEqual({ turns: 1, ended: true });
  });

  test('stop leaves a turn behind that does not end within its bound', async () => {
    const loop = loopOf(() => new Promise(() => {}), { stop_timeout_ms: 20 });
    await loop.stop();
    expect(loop.lines.some(({ msg }) => msg.includes('left behind'))).toBe(true);
  });

  test('a turn that takes too long is asked to end', async () => {
    let asked = false;
    const { lines } = loopOf(
      async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        asked = true;
      },
      { turn_timeout_ms: 20 },
    );
    await waitUntil('the signal is aborted', () => asked);
    expect(lines).toMatchObject([{ level: 'warn', loop: 'sweep', turn_timeout_ms: 20 }]);
  });
});
