import PQueue from 'p-queue';

export interface GroupOptions<Item, Result> {
  /** Items with the same key never run at the same time: the next one starts when the one before has ended. */
  keyOf: (item: Item) => string;
  max_size: number;
  /** How many groups run at once; as many single items again may run beside them, those of groups that failed. */
  concurrency: number;
  /**
   * Mean time between the starts of two groups at least, so that a stream of items makes up a few large groups instead
   * of many small ones. After a quiet time a few start at once, and `enough` items always do: more of them would save
   * little. Default: no pace.
   */
  pace?: { ms: number; enough: number };
  /** Resolves with a result for each item, in their order. */
  run: (group: Item[]) => Promise<readonly Result[]>;
  /** Whether the items of a group that failed so are run again, each alone. Default: yes, whatever the error. */
  splits?: (error: unknown) => boolean;
  /** Most items that wait or run, and what further ones are refused with at once. Default: no bound. */
  bound?: { max_items: number; refusal: () => Error };
}

/** So many groups start without a pause after a quiet time: the steps of a lone item that follow each other. */
const BURST = 4;
const NO_PACE = { ms: 0, enough: 1 };

interface Waiting<Item, Result> {
  item: Item;
  key: string;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Runs items in groups: what comes in within one turn of the event loop, or while no group can start, makes up the
 * next one. A lone item waits for no company. When a group fails, each of its items is run alone, out of
 * the way of the groups behind it, so that one bad item fails no other.
 */
export function createGroup<Item, Result>(
  options: GroupOptions<Item, Result>,
): (item: Item) => Promise<Result> {
  const { keyOf, max_size, concurrency, pace = NO_PACE, run, splits = () => true, bound } = options;
  const singles = new PQueue({ concurrency });
  const busy = new Set<string>();
  let waiting: Waiting<Item, Result>[] = [];
  let items = 0;
  let running = 0;
  /** When the next group would start if each before it had kept the pace. */
  let onPaceAt = -Infinity;
  let scheduled = false;
  let later: NodeJS.Timeout | undefined;

  /** The oldest items whose keys are free, in the order in which they came. */
  function takeGroup(): Waiting<Item, Result>[] {
    const group: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    for (const one of waiting) {
      if (group.length < max_size && !busy.has(one.key)) {
        busy.add(one.key);
        group.push(one);
      } else left.push(one);
    }
    waiting = left;
    return group;
  }

  function end({ key }: Waiting<Item, Result>, tell: () => void): void {
    busy.delete(key);
    items -= 1;
    tell();
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

  async function runGroup(group: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await run(group.map(({ item }) => item));
      group.forEach((one, index) => end(one, () => one.resolve(results[index] as Result)));
    } catch (error) {
      const alone = group.length > 1 && splits(error);
      for (const one of group) {
        if (alone) void singles.add(() => runAlone(one));
        else end(one, () => one.reject(error));
      }
    }
    running -= 1;
    schedule();
  }

  function startGroups(): void {
    scheduled = false;
    while (running < concurrency) {
      if (waiting.length === 0) return;
      const now = performance.now();
      const early_ms = onPaceAt - (BURST - 1) * pace.ms - now;
      if (early_ms > 0 && waiting.length < Math.min(pace.enough, max_size)) return startLater(early_ms);
      const group = takeGroup();
      if (group.length === 0) return;
      running += 1;
      onPaceAt = Math.max(now, onPaceAt) + pace.ms;
      void runGroup(group);
    }
  }

  /** Until then, only enough of them start one. */
  function startLater(early_ms: number): void {
    later ??= setTimeout(() => {
      later = undefined;
      schedule();
    }, early_ms);
  }

  /** At the end of this turn, so that what comes in during it goes together. */
  function schedule(): void {
    if (scheduled || waiting.length === 0 || running >= concurrency) return;
    scheduled = true;
    setImmediate(startGroups);
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      if (bound !== undefined && items >= bound.max_items) {
        reject(bound.refusal());
        return;
      }
      items += 1;
      waiting.push({ item, key: keyOf(item), resolve, reject });
      schedule();
    });
}
