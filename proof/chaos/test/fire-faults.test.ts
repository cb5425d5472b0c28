import { expect, test } from 'vitest';
import type { Fault, FaultContext } from '../src/fault.ts';
import { fireFaults } from '../src/fire-faults.ts';

const context = { disk_skipped: 'it takes root' } as unknown as Omit<FaultContext, 'random'>;

/** A kind that affects something from the given firing on. */
function kind(name: string, from: number, more: Partial<Fault> = {}): Fault & { fired: number } {
  const fault: Fault & { fired: number } = {
    name,
    lane: 'upstreams',
    fired: 0,
    async fire(): Promise<number> {
      fault.fired += 1;
      return fault.fired >= from ? 1 : 0;
    },
    ...more,
  };
  return fault;
}

function fire(faults: readonly Fault[], options: { signal?: AbortSignal; throwIfFailed?: () => void } = {}) {
  const said: string[] = [];
  const run = fireFaults(context, {
    faults,
    seed: 1,
    minutes: 0,
    signal: new AbortController().signal,
    say: (what) => said.push(what),
    throwIfFailed: () => {},
    ...options,
  });
  return { run, said };
}

test('when time is up, kinds that affected nothing yet are fired until they do', async () => {
  const [once, late] = [kind('once', 1), kind('late', 3)];
  expect(await fire([once, late]).run).toEqual({ once: 1, late: 1 });
  expect(late.fired).toBe(3);
});

test('a kind that never affects anything does not end the run, and is reported as 0', async () => {
  const never = kind('never', Infinity, { lane: 'workers' });
  expect(await fire([kind('once', 1), never]).run).toEqual({ once: 1, never: 0 });
  expect(never.fired).toBe(4);
});

test('a kind that cannot happen on this machine is not fired', async () => {
  const full = kind('disk full', 1, { skipped: ({ disk_skipped }) => disk_skipped });
  expect(await fire([kind('once', 1), full]).run).toEqual({ once: 1 });
  expect(full.fired).toBe(0);
});

test('an error of the run itself ends every lane', async () => {
  const broken = kind('broken', 1, {
    fire: async () => {
      throw new Error('no such process');
    },
  });
  await expect(fire([broken, kind('never', Infinity, { lane: 'workers' })]).run).rejects.toThrow(
    'no such process',
  );
  const load = () => {
    throw new Error('the load has failed');
  };
  await expect(fire([kind('once', 1)], { throwIfFailed: load }).run).rejects.toThrow('the load has failed');
});

test('each fault is reported, with how many kinds have happened', async () => {
  const { run, said } = fire([kind('once', 1)]);
  await run;
  expect(said).toEqual([expect.stringMatching(/ 1\/1 kinds {2}once: 1$/)]);
});

test('a fault that holds other lanes never happens at the same time as theirs', async () => {
  const happening = new Set<string>();
  const together: string[][] = [];
  const slow = (name: string, more: Partial<Fault>) =>
    kind(name, 1, {
      fire: async () => {
        happening.add(name);
        await new Promise(setImmediate);
        together.push([...happening].toSorted());
        happening.delete(name);
        return 1;
      },
      ...more,
    });
  const alone = slow('alone', { lane: 'workers', holds: ['upstreams', 'callers'] });
  const others = [slow('one', { lane: 'callers' }), slow('other', { lane: 'upstreams' })];
  await fire([alone, ...others]).run;
  expect(together.filter((names) => names.includes('alone'))).toEqual([['alone']]);
});
