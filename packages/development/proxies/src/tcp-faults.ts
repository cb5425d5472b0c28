import {
  type ChunkFate,
  type TcpConnection,
  type TcpHook,
  type TcpProxy,
  startTcpProxy,
} from './tcp-proxy.ts';

/**
 * What the proxy does to its connections:
 * - `reset`: every connection, open or new, is reset;
 * - `black_hole`: connections are accepted, and no chunk arrives on either side;
 * - `drip`: an answer arrives a few bytes at a time;
 * - `half_open`: the target's side is closed, and the caller does not notice;
 * - `cut`: an answer breaks off after this many bytes, with a reset;
 * - `swallow_commit`: a COMMIT reaches Postgres and takes effect, its answer is lost and the connection reset.
 */
export type TcpFault =
  | { kind: 'reset' }
  | { kind: 'black_hole' }
  | { kind: 'drip'; bytes: number; every_ms: number }
  | { kind: 'half_open' }
  | { kind: 'cut'; after_bytes: number }
  | { kind: 'swallow_commit' };

/** The moment of a crash: the `nth` chunk that callers send from now on. It still arrives (`delivered`) or never does. */
export interface Trip {
  nth: number;
  delivered: boolean;
  then(): void;
}

export interface FaultyTcpProxy extends TcpProxy {
  /** How often each fault affected a connection. */
  readonly happened: Readonly<Partial<Record<TcpFault['kind'], number>>>;
  /** For open and new connections, until it is cleared with null. */
  setFault(fault: TcpFault | null): void;
  /**
   * The host of the open connections is gone: they fall silent forever, with no end and no reset, whatever fault is set
   * or cleared. New connections work. Returns how many were open.
   */
  freeze(): number;
  /** Stops a process between two of its effects: each of them is a chunk that it sends. Null clears it. */
  trip(trip: Trip | null): void;
}

interface State {
  /** Bytes of answers since the fault began. */
  answered: number;
  committing: boolean;
  /** A chunk of it never arrived. */
  swallowed: boolean;
  frozen: boolean;
}

const COMMIT = 'COMMIT\0';

/** A TCP proxy with faults on demand. */
export async function startFaultyTcpProxy(targetUrl: string): Promise<FaultyTcpProxy> {
  let fault: TcpFault | null = null;
  let armed: Trip | null = null;
  const happened: Partial<Record<TcpFault['kind'], number>> = {};
  const states = new Map<TcpConnection, State>();
  const timers = new Set<NodeJS.Timeout>();

  const note = (kind: TcpFault['kind']): void => {
    happened[kind] = (happened[kind] ?? 0) + 1;
  };

  function fromCaller({ target }: TcpConnection, state: State, chunk: Buffer): ChunkFate {
    if (state.frozen) return 'drop';
    if (armed !== null && (armed.nth -= 1) <= 0) {
      const { delivered, then } = armed;
      armed = null;
      if (delivered) target.end(chunk);
      else target.destroy();
      then();
      return 'drop';
    }
    if (fault?.kind === 'black_hole') return swallow(state);
    if (fault?.kind === 'swallow_commit' && chunk.includes(COMMIT)) state.committing = true;
    return 'forward';
  }

  function fromTarget(connection: TcpConnection, state: State, chunk: Buffer): ChunkFate {
    if (state.frozen) return 'drop';
    if (state.committing) {
      // Only once Postgres has answered it is certain that the COMMIT took effect.
      if (!chunk.includes(COMMIT)) return 'drop';
      note('swallow_commit');
      return 'reset';
    }
    switch (fault?.kind) {
      case 'black_hole':
        return swallow(state);
      case 'cut': {
        const left = fault.after_bytes - state.answered;
        state.answered += chunk.length;
        if (chunk.length <= left) return 'forward';
        note('cut');
        // A reset may overtake the bytes that were written just before it.
        connection.caller.write(chunk.subarray(0, Math.max(0, left)), () => connection.reset());
        return 'drop';
      }
      case 'drip':
        if (chunk.length <= fault.bytes) return 'forward';
        note('drip');
        drip(connection, chunk, fault);
        return 'drop';
      default:
        return 'forward';
    }
  }

  function swallow(state: State): ChunkFate {
    state.swallowed = true;
    note('black_hole');
    return 'drop';
  }

  /** Stops reading until the chunk is through, so that later ones stay behind it. */
  function drip(
    { caller, target }: TcpConnection,
    chunk: Buffer,
    { bytes, every_ms }: { bytes: number; every_ms: number },
  ): void {
    target.pause();
    let sent = 0;
    const timer = setInterval(() => {
      caller.write(chunk.subarray(sent, sent + bytes));
      sent += bytes;
      if (sent < chunk.length && caller.writable) return;
      clearInterval(timer);
      timers.delete(timer);
      target.resume();
    }, every_ms);
    timers.add(timer);
  }

  function onConnection(connection: TcpConnection): TcpHook {
    if (fault?.kind === 'reset') {
      note('reset');
      connection.reset();
      return {};
    }
    const state: State = { answered: 0, committing: false, swallowed: false, frozen: false };
    states.set(connection, state);
    connection.caller.on('close', () => states.delete(connection));
    return {
      isGone: () => state.frozen,
      fromCaller: (chunk) => fromCaller(connection, state, chunk),
      fromTarget: (chunk) => fromTarget(connection, state, chunk),
      targetClosed() {
        if (state.frozen) return 'keep';
        if (fault?.kind !== 'half_open') return 'end';
        note('half_open');
        return 'keep';
      },
    };
  }

  const proxy = await startTcpProxy(targetUrl, onConnection);
  const stop = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    await proxy.stop();
  };
  return {
    ...proxy,
    happened,
    setFault(next) {
      fault = next;
      for (const [connection, state] of states) {
        if (state.frozen) continue;
        state.answered = 0;
        if (next?.kind === 'half_open') connection.target.destroy();
        // Swallowed bytes cannot be sent again: the connection is of no use.
        if (next === null && (state.swallowed || connection.target.destroyed)) connection.reset();
        if (next?.kind !== 'reset') continue;
        note('reset');
        connection.reset();
      }
    },
    freeze() {
      const open = [...states.values()].filter(({ frozen }) => !frozen);
      for (const state of open) state.frozen = true;
      return open.length;
    },
    trip(next) {
      armed = next;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
