import { setTimeout as sleep } from 'node:timers/promises';
import { type FrontDoor, generateOrders, playStories, planStory } from '@cashback/scenario';

const BATCH = 10;
/** Batches that are played at the same time, so that one whose calls hang delays no other. */
const STREAMS = 4;
/** Leaves time for faults to have an effect, and for processes to restart. */
const BATCH_EVERY_MS = 1_500;
/** Batches that are played beside the streams at the same time. */
const MAX_MORE = 4;

export interface Load {
  /** Resolves after `stop`, once the batches that had begun are played. */
  ended: Promise<{ orders: number; steps: number }>;
  throwIfFailed(): void;
  /** Plays one more batch now, unless enough of them are being played. */
  playMore(): void;
  stop(): void;
}

/** Plays orders of a shop, a batch at a time, until `stop`. Each call is repeated until it is answered. */
export function startLoad(options: {
  run: string;
  seed: number;
  door: FrontDoor;
  signal: AbortSignal;
}): Load {
  const { run, seed, door, signal } = options;
  const stopping = new AbortController();
  let orders = 0;
  let steps = 0;
  async function playBatch(): Promise<void> {
    const first = orders;
    orders += BATCH;
    const stories = generateOrders(BATCH, seed + first).map((order) =>
      planStory({ ...order, number: order.number + first }, seed),
    );
    await playStories(stories, { run, door, signal, progress: (count) => (steps += count) });
  }

  async function play(): Promise<void> {
    while (!stopping.signal.aborted) {
      const began = performance.now();
      await playBatch();
      const pause_ms = Math.max(0, BATCH_EVERY_MS - (performance.now() - began));
      await sleep(pause_ms, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  // Faults without load show nothing, so a failure of the load ends the run.
  let failure: unknown;
  const more = new Set<Promise<void>>();
  const throwIfFailed = (): void => {
    if (failure !== undefined) throw failure;
  };
  const playing = Array.from({ length: STREAMS }, () => play().catch(fail));
  function fail(error: unknown): void {
    failure ??= error;
  }
  const ended = Promise.all(playing).then(async () => {
    await Promise.all(more);
    throwIfFailed();
    return { orders, steps };
  });
  ended.catch(() => {});
  return {
    ended,
    throwIfFailed,
    playMore() {
      if (more.size >= MAX_MORE) return;
      const batch = playBatch()
        .catch(fail)
        .finally(() => more.delete(batch));
      more.add(batch);
    },
    stop: () => stopping.abort(),
  };
}
