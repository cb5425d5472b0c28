import { setTimeout as sleep } from 'node:timers/promises';
import type { FrontDoor, Random } from '@cashback/scenario';
import type { HttpFault } from '@cashback/proxies';
import { WaitTimeoutError, waitUntil } from '@cashback/timing';
import type { Interventions, Side } from './interventions.ts';
import type { Testbed, Link } from './testbed.ts';

export interface FaultContext extends Testbed {
  door: FrontDoor;
  /** Ids of the shop's orders start with it and a `-`. */
  run: string;
  /** Facts that the checks at the end need. */
  interventions: Interventions;
  /** Plays some more of the shop's orders beside the load, so that a fault meets what it can affect. */
  playMore(): void;
  /** After a restore: callers state again what the side acknowledged after the backup and has forgotten. */
  restate(side: Side, lost: { since: Date; orders: ReadonlySet<string> }): Promise<void>;
  /** For this firing alone: a fault's draws change nothing for later faults. */
  random: Random;
}

/** Faults of one lane follow one another; faults of different lanes run at the same time. */
export const LANES = ['callers', 'workers', 'upstreams', 'callbacks and connections'] as const;
export type Lane = (typeof LANES)[number];

/**
 * One kind of fault. It leaves everything as it was, and resolves with how often it took effect, by what is seen of the
 * effect. An attempt without one counts nothing.
 */
export interface Fault {
  name: string;
  lane: Lane;
  /** Lanes whose faults wait meanwhile. */
  holds?: readonly Lane[];
  fire(context: FaultContext): Promise<number>;
  /** Why it cannot happen on this machine; null when it can. */
  skipped?(testbed: Pick<Testbed, 'disk_skipped'>): string | null;
}

export const HOLD_MS = 1_500;
/** How long a fault waits for something that it can affect: also while all is behind after a restore. */
const EFFECT_TIMEOUT_MS = 60_000;
const MORE_ORDERS_EVERY_MS = 2_000;
const POLL_MS = 50;

/**
 * Holds a fault for `hold_ms`, and longer until it has affected something, which it does for certain: more orders are
 * played meanwhile.
 */
export async function holdUntil(
  happened: () => boolean | Promise<boolean>,
  hold_ms: number,
  { playMore }: Pick<FaultContext, 'playMore'>,
  { timeout_ms = EFFECT_TIMEOUT_MS, more_every_ms = MORE_ORDERS_EVERY_MS, poll_ms = POLL_MS } = {},
): Promise<void> {
  await sleep(hold_ms);
  const playing = setInterval(playMore, more_every_ms);
  try {
    await waitUntil('in effect', happened, { timeout_ms, interval_ms: poll_ms });
  } catch (error) {
    // A fault that affected nothing is counted as 0.
    if (!(error instanceof WaitTimeoutError)) throw error;
  } finally {
    clearInterval(playing);
  }
}

interface LinkFaultOptions {
  lane?: Lane;
  /** Percent of the requests. */
  share?: number;
  hold_ms?: number;
  /** Only requests whose path contains it. */
  path?: string;
  /** Brings requests about that the fault can affect, where new orders alone bring few. */
  provoke?: (context: FaultContext) => Promise<void>;
}

/** Requests on a link fail for a while. */
export function onLink(
  name: string,
  link: Link,
  fault: HttpFault,
  { lane = 'upstreams', share = 100, hold_ms = HOLD_MS, path = '', provoke }: LinkFaultOptions = {},
): Fault {
  return {
    name: `${name}, ${link}`,
    lane,
    async fire(context) {
      const { links, random } = context;
      const proxy = links[link];
      const { kind } = fault;
      const before = proxy.happened[kind] ?? 0;
      const fired = (): number => (proxy.happened[kind] ?? 0) - before;
      proxy.setFault((requested) => (requested.includes(path) && random.chance(share) ? fault : null));
      const playMore = (): void => {
        context.playMore();
        // Another fault may break it. It is tried again.
        provoke?.(context).catch(() => {});
      };
      await holdUntil(() => fired() > 0, hold_ms, { playMore });
      proxy.setFault(null);
      return fired();
    },
  };
}
