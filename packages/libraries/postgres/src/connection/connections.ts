import { Client } from 'pg';

/*
 * A host that is gone answers nothing, not even with a reset: without a deadline of ours a statement waits for hours.
 *
 *   statement --> answer in time
 *        |
 *        +------> none: its connection is destroyed, and with it those that are idle, or silent for as long: one host
 *                 has all of them. A new connection costs milliseconds, another deadline costs many seconds.
 *
 * The connection is destroyed, and never handed on: whether the statement took effect is unknown, and its transaction
 * may still be open. Time counts in ticks of this process, so that a process that was stopped does not take answers
 * that lie in its buffers for missing ones.
 */

/** The connections of a pool, or one outside of any. */
export interface Connections {
  /** From now on an answer is waited for no longer than this, at most: the app is to stop. */
  limitWaits(limitMs: number): void;
  state(): ConnectionsState;
}

export interface ConnectionsState {
  open: number;
  /** How many of them have waited for an answer for longer than a statement takes when all is well. */
  silent: number;
  /** How many there may be at once. */
  max: number;
}

export interface ConnectionClass extends Connections {
  /** Its clients are watched from the moment they are made. */
  readonly Client: typeof Client;
  destroyAll(): void;
}

const tickMs = 250;
/** After the server's own limit: its error says more than a lost connection does. */
const slackMs = 3_000;
const silentAfterMs = 10_000;
/** A connection that answered within this time is there. */
const aliveMs = 1_000;
const endTimeoutMs = 2_000;

/** `statement_timeout_ms` is the server's limit of a statement; 0 is no limit here either. */
export function createConnections(statement_timeout_ms: number, max = 1): ConnectionClass {
  const answerMs = statement_timeout_ms === 0 ? Infinity : statement_timeout_ms + slackMs;
  const watched = new Set<WatchedClient>();
  let maxWaitMs = Infinity;
  let ticking: NodeJS.Timeout | undefined;

  function tick(): void {
    for (const client of watched) {
      client.quiet_ms += tickMs;
      if (client.wait === null) continue;
      client.wait.so_far_ms += tickMs;
      if (client.wait.so_far_ms >= Math.min(client.wait.limit_ms, maxWaitMs)) giveUp(client, client.wait);
    }
  }

  function giveUp(client: WatchedClient, { so_far_ms }: Wait): void {
    client.destroy(so_far_ms);
    for (const other of watched) {
      const doubtful = other.wait === null ? aliveMs : so_far_ms - aliveMs;
      if (other.quiet_ms >= doubtful) other.destroy(other.quiet_ms);
    }
  }

  function watch(client: WatchedClient): void {
    watched.add(client);
    ticking ??= setInterval(tick, tickMs).unref();
    client.connection.once('end', () => {
      watched.delete(client);
      if (watched.size > 0) return;
      clearInterval(ticking);
      ticking = undefined;
    });
  }

  return {
    Client: class extends WatchedClient {
      constructor(...settings: ConstructorParameters<typeof Client>) {
        super(answerMs, ...settings);
        watch(this);
      }
    },
    limitWaits(limitMs) {
      maxWaitMs = limitMs;
    },
    destroyAll() {
      for (const client of watched) client.connection.stream.destroy();
    },
    state: () => ({
      open: watched.size,
      silent: [...watched].filter(({ wait }) => wait !== null && wait.so_far_ms >= silentAfterMs).length,
      max,
    }),
  };
}

interface Wait {
  so_far_ms: number;
  limit_ms: number;
}

class WatchedClient extends Client {
  /** For the server's answer: as it connects, and to a statement. */
  wait: Wait | null = { so_far_ms: 0, limit_ms: Infinity };
  /** Since anything was answered. */
  quiet_ms = 0;

  constructor(answerMs: number, ...settings: ConstructorParameters<typeof Client>) {
    super(...settings);
    this.connection.on('readyForQuery', () => {
      this.quiet_ms = 0;
      if (this.wait !== null) this.wait.so_far_ms = 0;
    });
    this.on('connect', () => (this.wait = null));
    // No statement is left that waits for an answer.
    this.on('drain', () => (this.wait = null));

    const query = this.query.bind(this) as (...statement: unknown[]) => unknown;
    this.query = ((...statement: unknown[]) => {
      this.wait ??= { so_far_ms: 0, limit_ms: Math.min(answerMs, deadlineOf(statement[0])) };
      return query(...statement);
    }) as typeof this.query;

    const end = this.end.bind(this) as (...done: unknown[]) => unknown;
    this.end = ((...done: unknown[]) => {
      // A host that is gone does not answer this, either.
      const timer = setTimeout(() => this.connection.stream.destroy(), endTimeoutMs).unref();
      this.connection.once('end', () => clearTimeout(timer));
      return end(...done);
    }) as typeof this.end;
  }

  destroy(afterMs: number): void {
    const error = new Error(`Postgres did not answer within ${afterMs} ms: the connection is closed`);
    this.connection.stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  }
}

/** A statement that states it is to be answered sooner than the server's limit. */
export interface WithDeadline {
  deadline_ms?: number;
}

function deadlineOf(statement: unknown): number {
  if (typeof statement !== 'object' || statement === null) return Infinity;
  return (statement as WithDeadline).deadline_ms ?? Infinity;
}
