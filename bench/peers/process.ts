/** Tells the measuring process, as the apps do, that the work begins. */
export function tellReady(url = ''): void {
  process.send?.({ ready: true, url });
}

/** Ends the process when it is told to, or when nobody is left to tell it. */
export function onStop(stop: () => Promise<void>): void {
  const end = (): void => void stop().finally(() => process.exit());
  process.once('SIGTERM', end);
  process.once('disconnect', end);
}
