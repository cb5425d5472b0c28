import type { RunningApp } from './app.ts';

/**
 * Starts the parts of an app one after another, and stops them in reverse: when the app stops, and when a later part
 * cannot be started. Each part is given to `parts` together with how it stops, as soon as it runs:
 *
 *     const database = parts.adopt(openDatabase({ ... }), (database) => database.close());
 *
 * `start` returns the URL that the app listens on. The error of a part that cannot be started is the one that is
 * thrown, whatever the parts before it say as they stop.
 */
export async function startParts(
  start: (parts: AsyncDisposableStack) => Promise<string>,
): Promise<RunningApp & { url: string }> {
  const parts = new AsyncDisposableStack();
  try {
    const url = await start(parts);
    return { url, stop: () => parts.disposeAsync() };
  } catch (error) {
    await parts.disposeAsync().catch(() => {});
    throw error;
  }
}
