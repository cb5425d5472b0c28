import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/**
 * What the way does to what is said on it:
 * - `reset`: every connection, open or new, is reset;
 * - `black_hole`: connections are accepted, and nothing that is said arrives on either side;
 * - `drip`: the answer comes a few bytes at a time;
 * - `half_open`: the far side is closed, and the caller is not told;
 * - `cut`: an answer is broken off after so many bytes, with a reset;
 * - `swallow_commit`: a COMMIT reaches Postgres and takes effect, its answer is lost and the connection reset.
 */
export type TcpFault =
  | { kind: 'reset' }
  | { kind: 'black_hole' }
  | { kind: 'drip'; bytes: number; every_ms: number }
  | { kind: 'half_open' }
  | { kind: 'cut'; after_bytes: number }
  | { kind: 'swallow_commit' };

/** The moment of a crash: the `nth` piece that is sent from now on, which still arrives (`delivered`) or never does. */
export interface Trip {
  nth: number;
  delivered: boolean;
  then(): void;
}

export interface TcpProxy {
  /** The target's URL, by way of the proxy. */
  readonly url: string;
  /** How often each fault took hold of something. */
  readonly happened: Readonly<Partial<Record<TcpFault['kind'], number>>>;
  /** For open and new connections, until it is taken back with null. */
  setFault(fault: TcpFault | null): void;
  /** Where new connections go. Those that are open are closed. */
  setTarget(url: string): void;
  /** Stops a process between two of its effects: each of them is something that it sends. Null takes it back. */
  trip(trip: Trip | null): void;
  stop(): Promise<void>;
}

interface Pair {
  caller: Socket;
  target: Socket;
  /** Bytes of answers since the fault began. */
  answered: number;
  committing: boolean;
  /** Something that was said on it never arrived. */
  swallowed: boolean;
}

const COMMIT = 'COMMIT\0';

/** A way to the host and port of a URL that can be made to fail. */
export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  let target = new URL(targetUrl);
  let fault: TcpFault | null = null;
  let armed: Trip | null = null;
  const happened: Partial<Record<TcpFault['kind'], number>> = {};
  const pairs = new Set<Pair>();
  const timers = new Set<NodeJS.Timeout>();

  const note = (kind: TcpFault['kind']): void => {
    happened[kind] = (happened[kind] ?? 0) + 1;
  };
  const reset = ({ caller, target: far }: Pair): void => {
    caller.resetAndDestroy();
    far.destroy();
  };

  function swallow(pair: Pair): void {
    pair.swallowed = true;
    note('black_hole');
  }

  function fromCaller(pair: Pair, piece: Buffer): void {
    if (armed !== null && (armed.nth -= 1) <= 0) {
      const { delivered, then } = armed;
      armed = null;
      if (delivered) pair.target.end(piece);
      else pair.target.destroy();
      then();
      return;
    }
    if (fault?.kind === 'black_hole') return swallow(pair);
    if (fault?.kind === 'swallow_commit' && piece.includes(COMMIT)) pair.committing = true;
    if (pair.target.writable) pair.target.write(piece);
  }

  function fromTarget(pair: Pair, piece: Buffer): void {
    const { caller } = pair;
    if (pair.committing) {
      // Only when Postgres has said that it is done, it is done for certain.
      if (!piece.includes(COMMIT)) return;
      note('swallow_commit');
      return reset(pair);
    }
    switch (fault?.kind) {
      case 'black_hole':
        return swallow(pair);
      case 'cut': {
        const left = fault.after_bytes - pair.answered;
        pair.answered += piece.length;
        if (piece.length <= left) return void caller.write(piece);
        note('cut');
        // The reset may overtake what was written just before it.
        caller.write(piece.subarray(0, Math.max(0, left)), () => reset(pair));
        return;
      }
      case 'drip':
        note('drip');
        return drip(pair, piece, fault);
      default:
        if (caller.writable) caller.write(piece);
    }
  }

  /** Stops reading until the piece is through, so that what comes later stays behind it. */
  function drip(pair: Pair, piece: Buffer, { bytes, every_ms }: { bytes: number; every_ms: number }): void {
    const { caller, target: far } = pair;
    far.pause();
    let sent = 0;
    const timer = setInterval(() => {
      caller.write(piece.subarray(sent, sent + bytes));
      sent += bytes;
      if (sent < piece.length && caller.writable) return;
      clearInterval(timer);
      timers.delete(timer);
      far.resume();
    }, every_ms);
    timers.add(timer);
  }

  const server = createServer((caller) => {
    if (fault?.kind === 'reset') {
      note('reset');
      caller.on('error', () => {});
      caller.resetAndDestroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    const pair: Pair = { caller, target: far, answered: 0, committing: false, swallowed: false };
    pairs.add(pair);
    for (const socket of [caller, far]) socket.on('error', () => {});
    caller.on('data', (piece: Buffer) => fromCaller(pair, piece));
    far.on('data', (piece: Buffer) => fromTarget(pair, piece));
    caller.on('end', () => far.end());
    caller.on('close', () => {
      pairs.delete(pair);
      far.destroy();
    });
    far.on('close', () => {
      if (fault?.kind === 'half_open') return note('half_open');
      // A connection that could not be made is no answer.
      if (far.connecting || far.errored) caller.resetAndDestroy();
      else caller.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(targetUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);

  return {
    url: targetUrl.endsWith('/') ? url.href : url.href.replace(/\/$/, ''),
    happened,
    setFault(next) {
      fault = next;
      for (const pair of pairs) {
        pair.answered = 0;
        if (next?.kind === 'half_open') pair.target.destroy();
        // What was swallowed cannot be said again: the connection is of no use.
        if (next === null && (pair.swallowed || pair.target.destroyed)) reset(pair);
        if (next?.kind !== 'reset') continue;
        note('reset');
        reset(pair);
      }
    },
    setTarget(next) {
      target = new URL(next);
      for (const pair of pairs) reset(pair);
    },
    trip(next) {
      armed = next;
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      for (const pair of pairs) reset(pair);
      server.close();
      await once(server, 'close');
    },
  };
}
