import { watchParents } from './parent-watch.ts';

/** After a parent is gone, a stop in order gets this long. The apps and the embedded Postgres end by themselves then. */
const ORPHAN_TIMEOUT_MS = 5_000;

/** A request to stop: Ctrl-C, SIGTERM, or the end of a process that started this one. */
export interface StopSignal extends Disposable {
  signal: AbortSignal;
  /** Resolves when a stop is requested. */
  requested: Promise<void>;
}

/** Turns requests to stop into `signal`; a second one ends this process at once. Disposing restores the defaults. */
export function waitForStop(): StopSignal {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (message: string): void => {
    // The apps notice that their parent is gone and stop by themselves, and so does the embedded Postgres.
    if (controller.signal.aborted) process.exit(1);
    process.stderr.write(`\n${message}\n`);
    controller.abort();
    resolve();
  };
  const onSignal = (): void => stop('stopping (once more to end at once)');
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, onSignal);
  const endWatch = watchParents((command) => {
    setTimeout(() => process.exit(1), ORPHAN_TIMEOUT_MS).unref();
    stop(`stopping: the parent process is gone (${command})`);
  });
  return {
    signal: controller.signal,
    requested: promise,
    [Symbol.dispose]() {
      endWatch();
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
