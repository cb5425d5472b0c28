import type { Lane } from './fault.ts';

/** Runs work while it alone has the given lanes, in the order in which it was asked for. */
export type LaneLocks = <Result>(lanes: readonly Lane[], work: () => Promise<Result>) => Promise<Result>;

/** A fault that needs more than its own lane waits for those of the others, and they wait for it. */
export function createLaneLocks(): LaneLocks {
  const last = new Map<Lane, Promise<unknown>>();
  return async (lanes, work) => {
    const before = lanes.map((lane) => last.get(lane) ?? Promise.resolve());
    const ended = Promise.withResolvers<void>();
    // All lanes at once, without a pause in between: so no two works wait for each other.
    for (const lane of lanes) last.set(lane, ended.promise);
    await Promise.all(before);
    try {
      return await work();
    } finally {
      ended.resolve();
    }
  };
}
