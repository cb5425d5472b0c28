import { expect, test } from 'vitest';
import { createGroup } from '../src/index.ts';

interface Item {
  key: string;
  bad?: boolean;
}

function setUp({ max_size = 10, concurrency = 1 } = {}) {
  const groups: string[][] = [];
  let running = 0;
  let most = 0;
  const add = createGroup<Item, string>({
    keyOf: ({ key }) => key,
    max_size,
    concurrency,
    run: async (group) => {
      groups.push(group.map(({ key }) => key));
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      const bad = group.find((item) => item.bad === true);
      if (bad !== undefined) throw new Error(`${bad.key} is bad`);
      return group.map(({ key }) => `did ${key}`);
    },
  });
  return { add, groups, most: () => most };
}

test('what comes in at one moment makes up one group, each with its own result', async () => {
  const { add, groups } = setUp();
  const results = await Promise.all(['a', 'b', 'c', 'd'].map((key) => add({ key })));
  expect(results).toEqual(['did a', 'did b', 'did c', 'did d']);
  expect(groups).toEqual([['a', 'b', 'c', 'd']]);
});

test('what comes in while a group runs makes up the next one', async () => {
  const { add, groups } = setUp();
  const first = add({ key: 'a' });
  while (groups.length === 0) await Promise.resolve();
  await Promise.all([first, add({ key: 'b' }), add({ key: 'c' })]);
  await add({ key: 'd' });
  expect(groups).toEqual([['a'], ['b', 'c'], ['d']]);
});

test('every item is run once, whenever it comes', async () => {
  const { add, groups, most } = setUp();
  const keys = Array.from({ length: 60 }, (_, index) => String(index));
  async function addLater(key: string, turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    expect(await add({ key })).toBe(`did ${key}`);
  }
  await Promise.all(keys.map((key, index) => addLater(key, index % 30)));
  expect(groups.flat().toSorted()).toEqual(keys.toSorted());
  expect(most()).toBe(1);
});

test('no group is larger than allowed, and no more run at once than allowed', async () => {
  const { add, groups, most } = setUp({ max_size: 3, concurrency: 2 });
  await Promise.all(Array.from({ length: 20 }, (_, index) => add({ key: String(index) })));
  expect(Math.max(...groups.map((group) => group.length))).toBe(3);
  expect(groups.flat().toSorted()).toEqual(
    Array.from({ length: 20 }, (_, index) => String(index)).toSorted(),
  );
  expect(most()).toBe(2);
});

test('two items with one key never stand in one group', async () => {
  const { add, groups } = setUp();
  await Promise.all(['a', 'b', 'b', 'c', 'b'].map((key) => add({ key })));
  expect(groups).toEqual([['a', 'b', 'c'], ['b'], ['b']]);
});

test('a bad item fails alone', async () => {
  const { add } = setUp();
  const ends = await Promise.allSettled([
    add({ key: 'a' }),
    add({ key: 'b' }),
    add({ key: 'c', bad: true }),
    add({ key: 'd' }),
  ]);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(await add({ key: 'e' })).toBe('did e');
});
