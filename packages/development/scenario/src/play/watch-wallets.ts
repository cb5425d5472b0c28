import { untilEqual } from '@cashback/timing';
import { walletBalance } from '@cashback/wire';
import type { Violation } from '@cashback/invariants';
import { EventSource } from 'eventsource';
import type { System } from '@cashback/system';
import type { FrontDoor } from './front-door.ts';

const WATCHED = 20;
const TIMEOUT_MS = 60_000;

/** Listeners to the silent pushes of some wallets, such as customers' phones. */
export interface Watchers {
  /** Invariant 10, from outside: the last balance that a listener received is the wallet's. Waits for late pushes. */
  check(door: FrontDoor): Promise<Violation[]>;
  close(): void;
}

export function watchWallets(system: System, walletIds: ReadonlySet<string>): Watchers {
  const received = new Map<string, number>();
  const streams = [...walletIds].slice(0, WATCHED).map((wallet_id) => {
    const stream = new EventSource(`${system.urls.wallet}/wallets/${wallet_id}/stream`, {
      fetch: (url, init) =>
        fetch(url, {
          ...init,
          headers: { ...init.headers, authorization: `Bearer ${system.credentials.token('demo>wallet')}` },
        }),
    });
    stream.addEventListener('balance', ({ data }) => {
      const { sequence } = walletBalance.parse(JSON.parse(String(data)));
      received.set(wallet_id, Math.max(sequence, received.get(wallet_id) ?? 0));
    });
    return { wallet_id, stream };
  });

  async function checkListener(wallet_id: string, door: FrontDoor): Promise<Violation[]> {
    const truth = await door.wallet.get(`/wallets/${wallet_id}`, walletBalance).catch(() => undefined);
    const sequence = truth?.sequence ?? 0;
    const last = () => received.get(wallet_id) ?? 0;
    try {
      await untilEqual(last, sequence, { timeout_ms: TIMEOUT_MS });
      return [];
    } catch {
      const detail = `a listener last received sequence ${last()}, the wallet is at ${sequence}`;
      return [{ invariant: 10, order_id: wallet_id, detail }];
    }
  }

  return {
    check: async (door) =>
      (await Promise.all(streams.map(({ wallet_id }) => checkListener(wallet_id, door)))).flat(),
    close() {
      for (const { stream } of streams) stream.close();
    },
  };
}
