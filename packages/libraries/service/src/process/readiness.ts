/*
 * What an app works with, and whether it moves. A database that is down shows in the check of the app's health; here is
 * what such a check cannot see, because it takes a new connection and asks no loop:
 *
 *   a loop whose turn does not end       -> loop_stuck, with its name
 *   a pool that waits on each connection -> pool_stuck, with its name
 *   a stop that has begun                -> stopping
 */

/** A loop that fails is not stuck: its turns end. Another side may be down, and the app serves what it can. */
export interface LoopReport {
  name: string;
  /** When a turn ended well last; null when none has. */
  last_turn: string | null;
  /** Since when each turn has failed; null: the last one has not. */
  failing_since: string | null;
  /** How many turns in a row have failed. */
  failures: number;
  bound_ms: number;
  stuck: boolean;
}

export interface PoolReport {
  name: string;
  open: number;
  /** How many of the connections have had no answer for too long. */
  silent: number;
  max: number;
  stuck: boolean;
}

export interface Reason {
  code: 'loop_stuck' | 'pool_stuck' | 'stopping' | 'unavailable';
  message: string;
}

export interface Readiness {
  /** `bound_ms` is the longest that a turn may take. */
  addLoop(name: string, bound_ms: number): LoopTurns;
  addPool(name: string, pool: PoolConnections): void;
  /** From now on the app is not ready. */
  stop(): void;
  report(): { loops: LoopReport[]; pools: PoolReport[]; reasons: Reason[] };
}

export interface LoopTurns {
  begin(): void;
  end(ended: { well: boolean }): void;
  /** The loop takes no further turn. */
  remove(): void;
}

export interface PoolConnections {
  state(): { open: number; silent: number; max: number };
  limitWaits(limitMs: number): void;
}

/** How long statements and connects may take once the app is to stop. */
const STOP_WAIT_MS = 4_000;

interface LoopState {
  name: string;
  bound_ms: number;
  begun_at: number | null;
  /** When a turn ended well last. */
  ended_at: number | null;
  failing_since: number | null;
  failures: number;
}

function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

export function createReadiness(now: () => number = Date.now): Readiness {
  const loops = new Set<LoopState>();
  const pools: { name: string; pool: PoolConnections }[] = [];
  let stopping = false;

  function isStuck({ begun_at, bound_ms }: { begun_at: number | null; bound_ms: number }): boolean {
    return begun_at !== null && now() - begun_at > bound_ms;
  }

  return {
    addLoop(name, bound_ms) {
      const loop: LoopState = {
        name,
        bound_ms,
        begun_at: null,
        ended_at: null,
        failing_since: null,
        failures: 0,
      };
      loops.add(loop);
      return {
        begin: () => void (loop.begun_at = now()),
        end({ well }) {
          if (well) Object.assign(loop, { ended_at: now(), failing_since: null, failures: 0 });
          // From the start of the first turn that failed.
          else
            Object.assign(loop, {
              failing_since: loop.failing_since ?? loop.begun_at,
              failures: loop.failures + 1,
            });
          loop.begun_at = null;
        },
        remove: () => void loops.delete(loop),
      };
    },
    addPool(name, pool) {
      pools.push({ name, pool });
    },
    stop() {
      stopping = true;
      for (const { pool } of pools) pool.limitWaits(STOP_WAIT_MS);
    },
    report() {
      const loopReports = [...loops].map((loop) => ({
        name: loop.name,
        last_turn: timeOf(loop.ended_at),
        failing_since: timeOf(loop.failing_since),
        failures: loop.failures,
        bound_ms: loop.bound_ms,
        stuck: isStuck(loop),
      }));
      const poolReports = pools.map(({ name, pool }) => {
        const state = pool.state();
        return { name, ...state, stuck: state.silent >= state.max };
      });
      const reasons: Reason[] = [
        ...(stopping ? [{ code: 'stopping' as const, message: 'the app stops' }] : []),
        ...loopReports
          .filter(({ stuck }) => stuck)
          .map(({ name, bound_ms }) => ({
            code: 'loop_stuck' as const,
            message: `the loop ${name} has not ended its turn within ${bound_ms} ms`,
          })),
        ...poolReports
          .filter(({ stuck }) => stuck)
          .map(({ name, max }) => ({
            code: 'pool_stuck' as const,
            message: `all ${max} connections of the pool ${name} wait for an answer of the database`,
          })),
      ];
      return { loops: loopReports, pools: poolReports, reasons };
    },
  };
}
