import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, type FaultContext, LANES, type Lane } from './fault.ts';
import { type Firing, scheduleRound } from './schedule.ts';

const BETWEEN_FAULTS_MS = 100;
/** A kind that took hold of nothing in so many rounds will not do so in the next. */
const MOST_ROUNDS_FOR_A_KIND = 4;

interface FireOptions {
  faults: readonly Fault[];
  seed: number;
  minutes: number;
  signal: AbortSignal;
  say(what: string): void;
  /** Throws what makes going on senseless. */
  throwIfFailed(): void;
}

/**
 * Fires the schedule of the seed for so many minutes, and on until each kind has taken hold of something: how often
 * each did. A kind that does not in `MOST_ROUNDS_FOR_A_KIND` rounds is left at 0.
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

  async function fire({ fault, random }: Firing): Promise<void> {
    const count = await fault.fire({ ...context, random });
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
        if (isLate && (round > MOST_ROUNDS_FOR_A_KIND || !missing(lane))) return;
        // When time is up only what never took hold is tried again.
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
        stopping.abort();
        throw error;
      }),
    ),
  );
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  options.signal.throwIfAborted();
  return fired;
}
