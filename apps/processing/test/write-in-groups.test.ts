import { describe, expect, it } from 'vitest';
import { writeInGroups } from '../src/write-in-groups.ts';

describe('writing in groups', () => {
  it('writes every item once, whenever it comes, and never two groups at a time', async () => {
    const written: number[] = [];
    let writing = 0;
    const add = writeInGroups<number>(async (group) => {
      writing += 1;
      expect(writing).toBe(1);
      await Promise.resolve();
      written.push(...group);
      writing -= 1;
    });
    async function addLater(item: number, turns: number): Promise<void> {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await add(item);
      expect(written).toContain(item);
    }
    const items = Array.from({ length: 60 }, (_, item) => item);
    await Promise.all(items.map((item) => addLater(item, item % 30)));
    expect(written.toSorted((left, right) => left - right)).toEqual(items);
  });

  it('writes together what came while the write before it ran', async () => {
    const groups: number[][] = [];
    let endWrite: () => void = () => {};
    const add = writeInGroups<number>(async (group) => {
      groups.push([...group]);
      await new Promise<void>((resolve) => (endWrite = resolve));
    });
    const first = add(1);
    await expect.poll(() => groups.length).toBe(1);
    const others = [add(2), add(3)];
    endWrite();
    await first;
    await expect.poll(() => groups.length).toBe(2);
    endWrite();
    await Promise.all(others);
    expect(groups).toEqual([[1], [2, 3]]);
  });

  it('tells those whose group could not be written, and goes on', async () => {
    let fails = true;
    const add = writeInGroups<number>(async () => {
      if (fails) throw new Error('no connection');
    });
    await expect(Promise.allSettled([add(1), add(2)])).resolves.toMatchObject([
      { status: 'rejected' },
      { status: 'rejected' },
    ]);
    fails = false;
    await expect(add(3)).resolves.toBeUndefined();
  });
});
