import { untilEqual } from '@cashback/timing';
import { type WalletBalance, walletBalance } from '@cashback/wire';
import type { Violation } from '@cashback/invariants';
import { EventSource } from 'eventsource';
import type { System } from '@cashback/system';
import type { FrontDoor } from './front-door.ts';

const WATCHED = 20;
const TIMEOUT_MS = 60_000;

/** Of a balance. A restore of Trust begins a new epoch, with lower sequences. */
type Position = Pick<WalletBalance, 'epoch' | 'sequence'>;

const NOTHING: Position = { epoch: 1, sequence: 0 };

function isNewer(one: Position, other: Position): boolean {
  return one.epoch > other.epoch || (one.epoch === other.epoch && one.sequence > other.sequence);
}

function describe({ epoch, sequence }: Position): string {
  return `sequence ${sequence} of epoch ${epoch}`;
}

/** Listeners to the silent pushes of some wallets, such as customers' phones. */
export interface Watchers {
  /** Invariant 10, from outside: the last balance that a listener received is the wallet's. Waits for late pushes. */
  check(door: FrontDoor): Promise<Violation[]>;
  close(): void;
}

export function watchWallets(system: System, walletIds: ReadonlySet<string>): Watchers {
  const received = new Map<string, Position>();
  const streams = [...walletIds].slice(0, WATCHED).map((wallet_id) => {
    const stream = new EventSource(`${system.urls.wallet}/wallets/${wallet_id}/stream`, {
      fetch: (url, init) =>
        fetch(url, {
          ...init,
          headers: { ...init.headers, authorization: `Bearer ${system.credentials.token('demo>wallet')}` },
        }),
    });
    stream.addEventListener('balance', ({ data }) => {
      const balance = walletBalance.parse(JSON.parse(String(data)));
      if (isNewer(balance, received.get(wallet_id) ?? NOTHING)) received.set(wallet_id, balance);
    });
    return { wallet_id, stream };
  });

  async function checkListener(wallet_id: string, door: FrontDoor): Promise<Violation[]> {
    const truth = await door.wallet.get(`/wallets/${wallet_id}`, walletBalance).catch(() => undefined);
    const last = () => describe(received.get(wallet_id) ?? NOTHING);
    const newest = describe(truth ?? NOTHING);
    try {
      await untilEqual(last, newest, { timeout_ms: TIMEOUT_MS });
      return [];
    } catch {
      const detail = `a listener last received ${last()}, the wallet is at ${newest}`;
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
