import type { Engine } from './engine.ts';
import type { Flow, ProcessName } from './flow.ts';

interface Job {
  key: string;
  about: string;
  at: number;
  active: boolean;
}

/**
 * A queue as the apps use it: one waiting and one active job per key, a lease after which another worker takes an
 * active job, and no guarantee that a row survives.
 */
export interface JobQueue {
  enqueue(key: string, about: string, after_ms?: number): void;
  /** Whether there is a job about it, under any key, or one whose work goes on. */
  knows(about: string): boolean;
  /** Whether its job may be gone: every row was wiped, and none about it was enqueued since. */
  lost(about: string): boolean;
  wipe(): void;
}

const LEASE_MS = 30_000;
/** The longest waits until a job that is due is picked up: other work comes first. */
const PICK_UP_MS = [0, 10, 1_000, 10_000];

export function createJobQueue(
  engine: Engine,
  options: { process: () => ProcessName; name: string; handle: (about: string) => Flow<void> },
): JobQueue {
  const { process, name, handle } = options;
  let jobs: Job[] = [];
  /** Work that goes on although its lease has ended. When it ends with its process, a sweep finds what it left. */
  const outlived = new Set<{ about: string; handler: ProcessName; life: number }>();
  /** All that jobs were enqueued about since the rows were wiped; null: they never were. */
  let enqueued: Set<string> | null = null;

  const isWaiting = (key: string): boolean => jobs.some((job) => !job.active && job.key === key);
  const remove = (job: Job): void => {
    jobs = jobs.filter((one) => one !== job);
  };

  function plan(job: Job): void {
    const most_ms = PICK_UP_MS[engine.choices.below(PICK_UP_MS.length)] ?? 0;
    const pick_up_ms = most_ms === 0 ? 0 : engine.choices.below(most_ms + 1);
    engine.after(Math.max(0, job.at - engine.now()) + pick_up_ms, () => start(job));
  }

  function start(job: Job): void {
    if (job.active || !jobs.includes(job)) return;
    // It starts when the active job of its key ends.
    if (jobs.some((one) => one.active && one.key === job.key)) return;
    const handler = process();
    const down_ms = engine.downMs(handler);
    if (down_ms > 0) return engine.after(down_ms, () => start(job));
    job.active = true;
    let done = false;
    const work = { about: job.about, handler, life: engine.life(handler) };
    engine.spawn(handler, name, handle(job.about), () => {
      done = true;
      outlived.delete(work);
      end(job);
    });
    engine.after(LEASE_MS, () => {
      if (done || !jobs.includes(job)) return;
      outlived.add(work);
      end(job);
      if (!isWaiting(job.key)) add({ ...job, active: false, at: engine.now() });
    });
  }

  function end(job: Job): void {
    if (!jobs.includes(job)) return;
    remove(job);
    const next = jobs.find((one) => !one.active && one.key === job.key);
    if (next !== undefined) plan(next);
  }

  function add(job: Job): void {
    jobs.push(job);
    plan(job);
  }

  return {
    enqueue(key, about, after_ms = 0) {
      enqueued?.add(about);
      for (const work of outlived) {
        if (work.about === about && engine.life(work.handler) !== work.life) outlived.delete(work);
      }
      if (!isWaiting(key)) add({ key, about, at: engine.now() + after_ms, active: false });
    },
    knows: (about) =>
      jobs.some((job) => job.about === about) || [...outlived].some((work) => work.about === about),
    lost: (about) => enqueued !== null && !enqueued.has(about),
    wipe() {
      jobs = [];
      enqueued = new Set();
    },
  };
}
