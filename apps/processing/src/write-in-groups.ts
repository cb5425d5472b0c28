/**
 * Makes a function that writes what it is given, together with all that came while the write before it ran. It
 * resolves once its item is written and rejects when the group that it was in could not be.
 */
export function writeInGroups<Item>(
  write: (group: readonly Item[]) => Promise<void>,
): (item: Item) => Promise<void> {
  let waiting: Item[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function writeNext(before: Promise<unknown>): Promise<void> {
    await before.catch(() => {});
    // Taken in one step: whoever comes from here on starts the group after this one.
    const group = waiting;
    waiting = [];
    next = undefined;
    await write(group);
  }

  return (item) => {
    waiting.push(item);
    if (next === undefined) {
      next = writeNext(last);
      last = next;
    }
    return next;
  };
}
