import { setTimeout as sleep } from 'node:timers/promises';
import { walletBalance } from '@cashback/wire';
import type { Violation } from '@cashback/invariants';
import { EventSource } from 'eventsource';
import type { System } from '@cashback/system';
import type { FrontDoor } from './front-door.ts';

const WATCHED = 20;
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 10_000;

/** Listens to the silent pushes of some wallets, as a customer's phone would. */
export interface Watchers {
  /** 10, seen by a listener: the last balance it heard is the wallet's. Waits a while for what is still on its way. */
  check(door: FrontDoor): Promise<Violation[]>;
  close(): void;
}

export function watchWallets(system: System, walletIds: ReadonlySet<string>): Watchers {
  const heard = new Map<string, number>();
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
      heard.set(wallet_id, Math.max(sequence, heard.get(wallet_id) ?? 0));
    });
    return { wallet_id, stream };
  });

  async function listen(wallet_id: string, door: FrontDoor): Promise<Violation[]> {
    const truth = await door.wallet.get(`/wallets/${wallet_id}`, walletBalance).catch(() => undefined);
    const giveUpAt = performance.now() + PATIENCE_MS;
    const last = () => heard.get(wallet_id) ?? 0;
    while (last() !== (truth?.sequence ?? 0) && performance.now() < giveUpAt) await sleep(LOOK_EVERY_MS);
    if (last() === (truth?.sequence ?? 0)) return [];
    const detail = `a listener last heard sequence ${last()}, the wallet is at ${truth?.sequence ?? 0}`;
    return [{ invariant: 10, order_id: wallet_id, detail }];
  }

  return {
    check: async (door) =>
      (await Promise.all(streams.map(({ wallet_id }) => listen(wallet_id, door)))).flat(),
    close() {
      for (const { stream } of streams) stream.close();
    },
  };
}
