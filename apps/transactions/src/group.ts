export interface Group<Item, Result> {
  /** Resolves with the item's own result; a failure of its neighbours is none of its own. */
  add(item: Item): Promise<Result>;
}

interface Member<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Runs items that come together as one set: those of one moment, and those that came while a set was running.
 * A lone item is not delayed. `run` returns the results in the order of its items. When a set fails its members run
 * one by one.
 */
export function createGroup<Item, Result>(options: {
  max_size: number;
  run: (items: readonly Item[]) => Promise<readonly Result[]>;
}): Group<Item, Result> {
  const { max_size, run } = options;
  const waiting: Member<Item, Result>[] = [];
  let running = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) await settle(waiting.splice(0, max_size));
    running = false;
  }

  async function settle(members: readonly Member<Item, Result>[]): Promise<void> {
    try {
      const results = await run(members.map(({ item }) => item));
      members.forEach(({ resolve }, index) => resolve(results[index] as Result));
    } catch (error) {
      if (members.length === 1) members[0]?.reject(error);
      else for (const member of members) await settle([member]);
    }
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (running) return;
        running = true;
        queueMicrotask(() => void drain());
      }),
  };
}
