export interface Gate {
  /** Resolves when the gate is open, or the signal aborts. */
  untilOpen(signal: AbortSignal): Promise<void>;
  /** To be called whenever the gate may have opened. */
  check(): void;
}

/** Lets callers wait while `isOpen` is false. */
export function createGate(isOpen: () => boolean): Gate {
  const waiting = new Set<() => void>();
  return {
    async untilOpen(signal) {
      while (!isOpen() && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const release = (): void => resolve();
        waiting.add(release);
        signal.addEventListener('abort', release);
        await promise;
        signal.removeEventListener('abort', release);
        waiting.delete(release);
      }
    },
    check() {
      if (isOpen()) for (const release of waiting) release();
    },
  };
}
