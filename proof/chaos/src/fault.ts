import { setTimeout as sleep } from 'node:timers/promises';
import type { FrontDoor, Random } from '@cashback/scenario';
import type { HttpFault } from '@cashback/proxies';
import type { Arena, Road } from './arena.ts';

export interface FaultContext extends Arena {
  door: FrontDoor;
  /** Ids of the shop's orders start with it and a `-`. */
  run: string;
  /** Of this one firing: what one fault draws changes nothing for those after it. */
  random: Random;
}

/** Faults of one lane come one after another, those of different lanes at the same time. */
export const LANES = ['callers', 'workers', 'upstreams', 'callbacks and connections'] as const;
export type Lane = (typeof LANES)[number];

/** One kind of fault. It ends with everything as it was, and resolves with how often it took hold of something. */
export interface Fault {
  name: string;
  lane: Lane;
  fire(context: FaultContext): Promise<number>;
  /** Why it cannot happen here; null when it can. */
  skipped?(arena: Pick<Arena, 'disk_skipped'>): string | null;
}

export const HOLD_MS = 1_500;
/** So long a fault waits for something that it can take hold of. */
const PATIENCE_MS = 8_000;
const LOOK_EVERY_MS = 50;

/** Until it happened, and for a while. */
export async function holdUntil(happened: () => boolean, hold_ms: number): Promise<void> {
  const started = performance.now();
  await sleep(hold_ms);
  while (!happened() && performance.now() - started < PATIENCE_MS) await sleep(LOOK_EVERY_MS);
}

interface RoadFaultOptions {
  lane?: Lane;
  /** Percent of the requests. */
  share?: number;
  hold_ms?: number;
  /** Part of the paths that it is about. */
  path?: string;
}

/** Requests on a road fail so for a while. A function is asked for each of them: the how manieth is it? */
export function onRoad(
  name: string,
  road: Road,
  fault: HttpFault | ((nth: number) => HttpFault),
  { lane = 'upstreams', share = 100, hold_ms = HOLD_MS, path = '' }: RoadFaultOptions = {},
): Fault {
  return {
    name: `${name}, ${road}`,
    lane,
    async fire({ roads, random }) {
      let fired = 0;
      roads[road].setFault((asked) => {
        if (!asked.includes(path) || !random.chance(share)) return null;
        fired += 1;
        return typeof fault === 'function' ? fault(fired) : fault;
      });
      await holdUntil(() => fired > 0, hold_ms);
      roads[road].setFault(null);
      return fired;
    },
  };
}
