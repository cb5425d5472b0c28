import { expect, test } from 'vitest';
import { createGroup } from '../src/group.ts';

function recording(fail: (items: readonly number[]) => boolean = () => false) {
  const sets: number[][] = [];
  const group = createGroup<number, string>({
    max_size: 3,
    run: async (items) => {
      sets.push([...items]);
      await new Promise(setImmediate);
      if (fail(items)) throw new Error(`no ${items.join()}`);
      return items.map((item) => `done ${item}`);
    },
  });
  return { sets, group };
}

test('what comes together runs together, within the largest size, each with its own result', async () => {
  const { sets, group } = recording();
  const results = await Promise.all([1, 2, 3, 4].map((item) => group.add(item)));
  expect(results).toEqual(['done 1', 'done 2', 'done 3', 'done 4']);
  expect(sets).toEqual([[1, 2, 3], [4]]);
});

test('what comes while a set runs is the next set', async () => {
  const { sets, group } = recording();
  const first = group.add(1);
  await Promise.resolve();
  await Promise.all([first, group.add(2), group.add(3)]);
  await group.add(4);
  expect(sets).toEqual([[1], [2, 3], [4]]);
});

test('one that fails fails alone', async () => {
  const { group } = recording((items) => items.includes(2));
  const results = await Promise.allSettled([1, 2, 3].map((item) => group.add(item)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await expect(group.add(2)).rejects.toThrow('no 2');
  expect(await group.add(5)).toBe('done 5');
});
