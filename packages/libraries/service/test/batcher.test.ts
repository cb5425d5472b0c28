import { expect, onTestFinished, test, vi } from 'vitest';
import { createBatcher } from '../src/index.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Item {
  key: string;
  bad?: boolean;
}

function setUp({ max_size = 10, concurrency = 1, interval_ms = 0, flush_at = 10 } = {}) {
  const batches: string[][] = [];
  let running = 0;
  let most = 0;
  const add = createBatcher<Item, string>({
    keyOf: ({ key }) => key,
    max_size,
    concurrency,
    interval_ms,
    flush_at,
    run: async (batch) => {
      batches.push(batch.map(({ key }) => key));
      most = Math.max(most, ++running);
      await turn();
      running -= 1;
      const bad = batch.find((item) => item.bad === true);
      if (bad !== undefined) throw new Error(`${bad.key} is bad`);
      return batch.map(({ key }) => `did ${key}`);
    },
  });
  return { add, batches, most: () => most };
}

test('items of one moment share a batch, each with its own result', async () => {
  const { add, batches } = setUp();
  const results = await Promise.all(['a', 'b', 'c', 'd'].map((key) => add({ key })));
  expect(results).toEqual(['did a', 'did b', 'did c', 'did d']);
  expect(batches).toEqual([['a', 'b', 'c', 'd']]);
});

test('items that arrive while a batch runs make up the next one', async () => {
  const { add, batches } = setUp();
  const first = add({ key: 'a' });
  while (batches.length === 0) await turn();
  await Promise.all([first, add({ key: 'b' }), add({ key: 'c' })]);
  await add({ key: 'd' });
  expect(batches).toEqual([['a'], ['b', 'c'], ['d']]);
});

test('with an interval, a few batches start at once, and later items wait for the next one although none runs', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { add, batches } = setUp({ interval_ms: 20, flush_at: 10 });
  for (const key of ['a', 'b', 'c', 'd']) await add({ key });
  const early = [add({ key: 'e' }), add({ key: 'f' })];
  vi.advanceTimersByTime(19);
  for (let turns = 0; turns < 5; turns += 1) await turn();
  expect(batches).toEqual([['a'], ['b'], ['c'], ['d']]);
  early.push(add({ key: 'g' }));
  vi.advanceTimersByTime(1);
  await Promise.all(early);
  vi.advanceTimersByTime(20);
  await add({ key: 'h' });
  expect(batches.slice(4)).toEqual([['e', 'f', 'g'], ['h']]);
});

test('with an interval, no timer is left when nothing waits', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { add } = setUp({ interval_ms: 20, flush_at: 10, concurrency: 2 });
  for (let items = 0; items < 6; items += 1) {
    const added = add({ key: 'a' });
    for (let turns = 0; turns < 5; turns += 1) await turn();
    vi.advanceTimersByTime(20);
    await added;
  }
  for (let turns = 0; turns < 5; turns += 1) await turn();
  expect(vi.getTimerCount()).toBe(0);
});

test('with an interval, flush_at items start a batch at once', async () => {
  const { add, batches } = setUp({ interval_ms: 1_000_000, flush_at: 2 });
  const pairs = ['ab', 'cd', 'ef', 'gh', 'ij', 'kl'].map((pair) => pair.split(''));
  for (const pair of pairs) await Promise.all(pair.map((key) => add({ key })));
  expect(batches).toEqual(pairs);
});

test('every item is run once, whenever it arrives', async () => {
  const { add, batches, most } = setUp();
  const keys = Array.from({ length: 60 }, (_, index) => String(index));
  async function addLater(key: string, turns: number): Promise<void> {
    for (let passed = 0; passed < turns; passed += 1) await turn();
    expect(await add({ key })).toBe(`did ${key}`);
  }
  await Promise.all(keys.map((key, index) => addLater(key, index % 30)));
  expect(batches.flat().toSorted()).toEqual(keys.toSorted());
  expect(most()).toBe(1);
});

test('no batch is larger than allowed, and no more run at once than allowed', async () => {
  const { add, batches, most } = setUp({ max_size: 3, concurrency: 2 });
  await Promise.all(Array.from({ length: 20 }, (_, index) => add({ key: String(index) })));
  expect(Math.max(...batches.map((batch) => batch.length))).toBe(3);
  expect(batches.flat().toSorted()).toEqual(
    Array.from({ length: 20 }, (_, index) => String(index)).toSorted(),
  );
  expect(most()).toBe(2);
});

test('two items with one key never stand in one batch', async () => {
  const { add, batches } = setUp();
  await Promise.all(['a', 'b', 'b', 'c', 'b'].map((key) => add({ key })));
  expect(batches).toEqual([['a', 'b', 'c'], ['b'], ['b']]);
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

test('two items with one key never run at the same time, and run in the order in which they came', async () => {
  const ended: string[] = [];
  const running = new Set<string>();
  const add = createBatcher<{ key: string; name: string }, string>({
    keyOf: ({ key }) => key,
    max_size: 2,
    concurrency: 3,
    run: async (batch) => {
      for (const { key } of batch) {
        expect(running.has(key)).toBe(false);
        running.add(key);
      }
      for (let passed = 0; passed < 1 + (ended.length % 3); passed += 1) await turn();
      for (const { key, name } of batch) {
        running.delete(key);
        ended.push(name);
      }
      if (batch.length > 1 && batch.some(({ name }) => name.endsWith('4')))
        throw new Error('run again, alone');
      return batch.map(({ name }) => name);
    },
  });
  const names = Array.from({ length: 30 }, (_, index) => ({ key: String(index % 3), name: `${index}` }));
  await Promise.all(names.map(async (item) => add(item)));
  for (const key of ['0', '1', '2']) {
    const inOrder = [...new Set(ended.filter((name) => String(Number(name) % 3) === key))].map(Number);
    expect(inOrder).toEqual(inOrder.toSorted((left, right) => left - right));
  }
});

test('a failed batch runs its items again without holding up the batches behind it', async () => {
  const gate = Promise.withResolvers<void>();
  const add = createBatcher<string, string>({
    keyOf: (item) => item,
    max_size: 2,
    concurrency: 1,
    run: async (batch) => {
      if (batch.includes('stuck') && batch.length > 1) throw new Error('stuck together');
      if (batch.includes('stuck')) await gate.promise;
      return batch.map((item) => `did ${item}`);
    },
  });
  const stuck = add('stuck');
  const others = ['a', 'b', 'c', 'd'].map(async (item) => add(item));
  // The neighbour of the stuck one waits behind it; the batches behind both do not.
  expect(await Promise.all(others.slice(1))).toEqual(['did b', 'did c', 'did d']);
  gate.resolve();
  expect(await Promise.all([stuck, others[0]])).toEqual(['did stuck', 'did a']);
});

test('a batch is not run again after an error that concerns the whole batch: all of its items fail with it', async () => {
  let runs = 0;
  const add = createBatcher<string, string>({
    keyOf: (item) => item,
    max_size: 10,
    concurrency: 1,
    retryIndividually: () => false,
    run: async () => {
      runs += 1;
      throw new Error('nobody there');
    },
  });
  const ends = await Promise.allSettled(['a', 'b', 'c'].map(async (item) => add(item)));
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(runs).toBe(1);
});

test('above the bound items are refused at once, and are taken again when others have ended', async () => {
  const gate = Promise.withResolvers<void>();
  const add = createBatcher<string, string>({
    keyOf: (item) => item,
    max_size: 2,
    concurrency: 1,
    bound: { max_items: 3, refusal: () => new Error('full') },
    run: async (batch) => {
      await gate.promise;
      return batch;
    },
  });
  const taken = ['a', 'b', 'c'].map(async (item) => add(item));
  await expect(add('d')).rejects.toThrow('full');
  await turn();
  await expect(add('d')).rejects.toThrow('full');
  gate.resolve();
  expect(await Promise.all(taken)).toEqual(['a', 'b', 'c']);
  expect(await add('d')).toBe('d');
});

test('above the bound of its key an item is refused, and items of other keys are taken', async () => {
  const gate = Promise.withResolvers<void>();
  const add = createBatcher<string, string>({
    keyOf: (item) => item,
    max_size: 2,
    concurrency: 1,
    bound: {
      max_items: 10,
      refusal: () => new Error('full'),
      per_key: { max_items: 2, refusal: (key) => new Error(`${key} is full`) },
    },
    run: async (batch) => {
      await gate.promise;
      return batch;
    },
  });
  const taken = [add('a'), add('a'), add('b')];
  await expect(add('a')).rejects.toThrow('a is full');
  gate.resolve();
  expect(await Promise.all(taken)).toEqual(['a', 'a', 'b']);
  expect(await add('a')).toBe('a');
});
