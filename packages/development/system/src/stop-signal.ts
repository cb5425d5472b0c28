/** Ctrl-C and SIGTERM as a signal for the work to end; a second one ends this process at once. */
export interface StopSignal {
  signal: AbortSignal;
  /** Resolves when a stop was asked for. */
  requested: Promise<void>;
  /** Lets signals end the process as usual again. */
  release(): void;
}

export function waitForStop(): StopSignal {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const onSignal = () => {
    // The apps see their parent go and stop by themselves, and so does the embedded Postgres.
    if (controller.signal.aborted) process.exit(1);
    process.stderr.write('\nstopping (once more to end at once)\n');
    controller.abort();
    resolve();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    requested: promise,
    release() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
