import PQueue from 'p-queue';

export interface BatcherOptions<Item, Result> {
  /** Items with the same key never run at the same time: the next one starts when the one before it has ended. */
  keyOf: (item: Item) => string;
  max_size: number;
  /** Most batches that run at once. As many items of failed batches may be retried individually beside them. */
  concurrency: number;
  /**
   * Least mean time between the starts of two batches, so that a stream of items is collected into a few large batches
   * instead of many small ones. After a quiet time a few batches start without it. Default 0.
   */
  interval_ms?: number;
  /** This number of waiting items starts a batch before the interval is over: waiting for more saves little. Default 1. */
  flush_at?: number;
  /** Resolves with a result for each item, in the order of the items. */
  run: (batch: Item[]) => Promise<readonly Result[]>;
  /** Whether the items of a batch that failed with this error are retried, each alone. Default: always. */
  retryIndividually?: (error: unknown) => boolean;
  /** Most items that wait or run, and the error that refuses further ones at once. Default: no bound. */
  bound?: {
    max_items: number;
    refusal: () => Error;
    /** The same for the items of one key, so that a busy key leaves room for the others. */
    per_key?: { max_items: number; refusal: (key: string) => Error };
  };
}

/** Batches that start without the interval after a quiet time: the steps of a lone item follow each other. */
const BURST = 4;

interface Waiting<Item, Result> {
  item: Item;
  key: string;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Runs items in batches. A batch holds the items that arrived in one turn of the event loop, or while no batch could
 * start. A lone item does not wait for others. When a batch fails, each of its items is retried alone, beside the
 * batches that follow, so that one bad item fails no other.
 */
export function createBatcher<Item, Result>(
  options: BatcherOptions<Item, Result>,
): (item: Item) => Promise<Result> {
  const { keyOf, max_size, concurrency, interval_ms = 0, flush_at = 1, run, bound } = options;
  const { retryIndividually = () => true } = options;
  const singles = new PQueue({ concurrency });
  const busy = new Set<string>();
  let waiting: Waiting<Item, Result>[] = [];
  const itemsOfKey = new Map<string, number>();
  let items = 0;
  let running = 0;
  /** When the next batch would start if each one before it had kept the interval. */
  let nextStartAt = -Infinity;
  let scheduled = false;
  let later: NodeJS.Timeout | undefined;

  /** The oldest items whose keys are free, in the order of their arrival. */
  function takeBatch(): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    for (const one of waiting) {
      if (batch.length < max_size && !busy.has(one.key)) {
        busy.add(one.key);
        batch.push(one);
      } else left.push(one);
    }
    waiting = left;
    return batch;
  }

  function end({ key }: Waiting<Item, Result>, settle: () => void): void {
    busy.delete(key);
    items -= 1;
    const left = (itemsOfKey.get(key) ?? 1) - 1;
    if (left === 0) itemsOfKey.delete(key);
    else itemsOfKey.set(key, left);
    settle();
  }

  async function runAlone(one: Waiting<Item, Result>): Promise<void> {
    try {
      const [result] = await run([one.item]);
      end(one, () => one.resolve(result as Result));
    } catch (error) {
      end(one, () => one.reject(error));
    }
    schedule();
  }

  async function runBatch(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await run(batch.map(({ item }) => item));
      batch.forEach((one, index) => end(one, () => one.resolve(results[index] as Result)));
    } catch (error) {
      const alone = batch.length > 1 && retryIndividually(error);
      for (const one of batch) {
        if (alone) void singles.add(() => runAlone(one));
        else end(one, () => one.reject(error));
      }
    }
    running -= 1;
    schedule();
  }

  function startBatches(): void {
    scheduled = false;
    while (running < concurrency) {
      if (waiting.length === 0) return;
      const now = performance.now();
      const early_ms = nextStartAt - (BURST - 1) * interval_ms - now;
      if (early_ms > 0 && waiting.length < Math.min(flush_at, max_size)) return startLater(early_ms);
      const batch = takeBatch();
      if (batch.length === 0) return;
      running += 1;
      nextStartAt = Math.max(now, nextStartAt) + interval_ms;
      void runBatch(batch);
    }
  }

  /** Until then only `flush_at` items start a batch. */
  function startLater(early_ms: number): void {
    later ??= setTimeout(() => {
      later = undefined;
      schedule();
    }, early_ms);
  }

  /** At the end of this turn, so that the items of one turn share a batch. */
  function schedule(): void {
    if (scheduled || waiting.length === 0 || running >= concurrency) return;
    scheduled = true;
    setImmediate(startBatches);
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      if (bound !== undefined && items >= bound.max_items) {
        reject(bound.refusal());
        return;
      }
      const key = keyOf(item);
      const ofKey = itemsOfKey.get(key) ?? 0;
      if (bound?.per_key !== undefined && ofKey >= bound.per_key.max_items) {
        reject(bound.per_key.refusal(key));
        return;
      }
      items += 1;
      itemsOfKey.set(key, ofKey + 1);
      waiting.push({ item, key, resolve, reject });
      schedule();
    });
}
