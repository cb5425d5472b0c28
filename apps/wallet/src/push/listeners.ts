import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Session, createEventBuffer, createSession } from 'better-sse';
import { CashbackError } from '@cashback/contract';
import type { WalletBalance } from '@cashback/wire';
import { type Position, comparePositions } from '../decide-adoption.ts';
import { formatEventId } from './event-id.ts';

/** One open stream. */
interface Listener {
  wallet_id: string;
  session: Session;
  response: ServerResponse;
  /** Of the newest balance it has been sent. */
  position: Position;
}

interface Stream {
  wallet_id: string;
  request: IncomingMessage;
  response: ServerResponse;
  /** Only newer balances are sent. */
  after: Position;
}

export interface Listeners {
  /** Opens the stream. Throws `OVERLOADED` when there are too many, or when this process is stopping. */
  open(stream: Stream): Promise<void>;
  /** Sends the balance to the wallet's listeners, except to those that have had it or a newer one. */
  publish(balance: WalletBalance): void;
  walletIds(): string[];
  /** Ends every stream; the clients reconnect to another process. */
  close(): void;
}

const RECONNECT_MS = 1_000;
/** A client that reads so slowly is cut off. It reconnects with its last event id, and so skips what is old. */
const MAX_UNSENT_BYTES = 65_536;
const KEEP_ALIVE = createEventBuffer().comment('keep-alive').dispatch();

export function createListeners(options: { max_listeners: number; keep_alive_ms: number }): Listeners {
  const { max_listeners, keep_alive_ms } = options;
  const byWallet = new Map<string, Set<Listener>>();
  let open = 0;
  let closed = false;

  const keepAlive = setInterval(() => {
    for (const listener of all()) if (isKeepingUp(listener)) void listener.session.batch(KEEP_ALIVE);
  }, keep_alive_ms);

  function all(): Listener[] {
    return [...byWallet.values()].flatMap((listeners) => [...listeners]);
  }

  function add(listener: Listener): void {
    const listeners = byWallet.get(listener.wallet_id) ?? new Set();
    byWallet.set(listener.wallet_id, listeners.add(listener));
  }

  function remove(listener: Listener): void {
    const listeners = byWallet.get(listener.wallet_id);
    listeners?.delete(listener);
    if (listeners?.size === 0) byWallet.delete(listener.wallet_id);
  }

  return {
    async open({ wallet_id, request, response, after }) {
      if (closed) throw overloaded('this process is stopping');
      if (open >= max_listeners) throw overloaded(`${open} streams are open, which is the limit`);
      open += 1;
      response.once('close', () => (open -= 1));
      response.on('error', () => response.destroy());
      const session = await createSession(request, response, {
        retry: RECONNECT_MS,
        keepAlive: null,
        trustClientEventId: false,
      });
      const listener = { wallet_id, session, response, position: after };
      if (response.destroyed) return;
      if (closed) return end(listener);
      response.once('close', () => remove(listener));
      add(listener);
    },
    publish(balance) {
      for (const listener of byWallet.get(balance.wallet_id) ?? []) send(listener, balance);
    },
    walletIds: () => [...byWallet.keys()],
    close() {
      closed = true;
      clearInterval(keepAlive);
      for (const listener of all()) end(listener);
      byWallet.clear();
    },
  };
}

function send(listener: Listener, balance: WalletBalance): void {
  if (comparePositions(balance, listener.position) <= 0 || !isKeepingUp(listener)) return;
  listener.session.push({ ...balance, silent: true }, 'balance', formatEventId(balance));
  listener.position = balance;
}

/** Cuts off a listener that is not. */
function isKeepingUp({ session, response }: Listener): boolean {
  if (!session.isConnected) return false;
  if (response.writableLength <= MAX_UNSENT_BYTES) return true;
  response.destroy();
  return false;
}

function end({ response }: Pick<Listener, 'response'>): void {
  const { socket } = response;
  response.end(() => socket?.end());
}

function overloaded(reason: string): CashbackError {
  return new CashbackError('OVERLOADED', `no further stream is opened: ${reason}; try again later`, {
    retry_after_ms: 5_000,
  });
}
