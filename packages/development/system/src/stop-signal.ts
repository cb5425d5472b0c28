import { watchParents } from './parent-watch.ts';

/** After a parent is gone, a stop in order gets this long. The apps and the embedded Postgres end by themselves then. */
const ORPHAN_TIMEOUT_MS = 5_000;

/** A request to stop: Ctrl-C, SIGTERM, the end of the terminal, or the end of a process that started this one. */
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
    if (controller.signal.aborted) return;
    // The terminal may be gone as well; a report of the stop must not end it early.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    process.stderr.write(`\n${message}\n`);
    controller.abort();
    resolve();
  };
  const onSignal = (name: NodeJS.Signals): void => {
    // The apps notice that their parent is gone and stop by themselves, and so does the embedded Postgres. A terminal that
    // closes may send SIGHUP twice, which asks for no more than one does.
    if (controller.signal.aborted && name !== 'SIGHUP') process.exit(1);
    stop('stopping (once more to end at once)');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  // A closed terminal ends the parent as well, while the stop goes on.
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
