/** Reports to the measuring process, as the apps do, that work can begin. */
export function reportReady(url = ''): void {
  process.send?.({ ready: true, url });
}

/** Ends the process on SIGTERM, or once the measuring process is gone. */
export function onStop(stop: () => Promise<void>): void {
  const end = (): void => void stop().finally(() => process.exit());
  process.once('SIGTERM', end);
  process.once('disconnect', end);
}
