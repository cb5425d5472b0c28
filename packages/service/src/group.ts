import PQueue from 'p-queue';

export interface GroupOptions<Item, Result> {
  /** Items with the same key never stand in one group. */
  keyOf: (item: Item) => string;
  max_size: number;
  /** How many groups run at once. */
  concurrency: number;
  /** Resolves with a result for each item, in their order. */
  run: (group: Item[]) => Promise<readonly Result[]>;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Runs items in groups: what comes in at one moment, or while a group runs, makes up the next one, and a lone item
 * never waits for company. When a group fails, each of its items is run alone, so that one bad item fails no other.
 */
export function createGroup<Item, Result>(
  options: GroupOptions<Item, Result>,
): (item: Item) => Promise<Result> {
  const { keyOf, max_size, run } = options;
  const queue = new PQueue({ concurrency: options.concurrency });
  let waiting: Waiting<Item, Result>[] = [];

  function takeGroup(): Waiting<Item, Result>[] {
    const group = new Map<string, Waiting<Item, Result>>();
    const left: Waiting<Item, Result>[] = [];
    for (const one of waiting) {
      const key = keyOf(one.item);
      if (group.size < max_size && !group.has(key)) group.set(key, one);
      else left.push(one);
    }
    waiting = left;
    return [...group.values()];
  }

  async function runGroup(group: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await run(group.map(({ item }) => item));
      group.forEach(({ resolve }, index) => resolve(results[index] as Result));
    } catch (error) {
      const [first] = group;
      if (group.length === 1 && first !== undefined) first.reject(error);
      else for (const one of group) await runGroup([one]);
    }
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // A turn for each item: those whose item went with an earlier group find nothing left to do.
      void queue.add(async () => {
        // Lets those in that come at the same moment.
        await Promise.resolve();
        const group = takeGroup();
        if (group.length > 0) await runGroup(group);
      });
    });
}
