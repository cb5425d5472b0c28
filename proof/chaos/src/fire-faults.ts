import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, type FaultContext, LANES, type Lane } from './fault.ts';
import { createLaneLocks } from './lane-locks.ts';
import { type Firing, scheduleRound } from './schedule.ts';

const BETWEEN_FAULTS_MS = 100;
/** A kind that affected nothing in this many rounds will not do so in the next. */
const MAX_ROUNDS_FOR_A_KIND = 4;

interface FireOptions {
  faults: readonly Fault[];
  seed: number;
  minutes: number;
  signal: AbortSignal;
  say(what: string): void;
  /** Throws when the load has failed, as faults without load show nothing. */
  throwIfFailed(): void;
}

/**
 * Fires the schedule of the seed for `minutes`, and longer until each kind has affected something. Resolves with how
 * often each did. A kind that affects nothing in `MAX_ROUNDS_FOR_A_KIND` rounds stays at 0.
 */
export async function fireFaults(
  context: Omit<FaultContext, 'random'>,
  options: FireOptions,
): Promise<Record<string, number>> {
  const { seed, minutes, say } = options;
  const faults = options.faults.filter(({ skipped }) => (skipped?.(context) ?? null) === null);
  const fired: Record<string, number> = Object.fromEntries(faults.map(({ name }) => [name, 0]));
  const started = performance.now();
  const until = started + minutes * 60_000;
  const missing = (lane: Lane): boolean =>
    faults.some((fault) => fault.lane === lane && fired[fault.name] === 0);
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const holding = createLaneLocks();

  async function fire({ fault, random }: Firing): Promise<void> {
    const count = await holding([fault.lane, ...(fault.holds ?? [])], () =>
      fault.fire({ ...context, random }),
    );
    fired[fault.name] = (fired[fault.name] ?? 0) + count;
    const seconds = Math.round((performance.now() - started) / 1000);
    const kinds = Object.values(fired).filter((times) => times > 0).length;
    say(`${String(seconds).padStart(4)} s  ${kinds}/${faults.length} kinds  ${fault.name}: ${count}`);
  }

  async function run(lane: Lane): Promise<void> {
    for (let round = 1; ; round += 1) {
      const firings = scheduleRound(faults, seed, round)[lane];
      if (firings.length === 0) return;
      for (const firing of firings) {
        const isLate = performance.now() > until;
        if (isLate && (round > MAX_ROUNDS_FOR_A_KIND || !missing(lane))) return;
        // When time is up, only kinds that affected nothing yet are fired again.
        if (isLate && (fired[firing.fault.name] ?? 0) > 0) continue;
        if (signal.aborted) return;
        options.throwIfFailed();
        await fire(firing);
        await sleep(BETWEEN_FAULTS_MS);
      }
    }
  }

  const lanes = await Promise.allSettled(
    LANES.map((lane) =>
      run(lane).catch((error: unknown) => {
        // At once, as another lane may take long to end.
        say(`${lane}: ${String(error)}`);
        stopping.abort();
        throw error;
      }),
    ),
  );
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  options.signal.throwIfAborted();
  return fired;
}
