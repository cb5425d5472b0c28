export interface Gate {
  /** Resolves when it is open, or the signal aborts. */
  untilOpen(signal: AbortSignal): Promise<void>;
  /** To be called whenever it may have opened. */
  look(): void;
}

/** Something that callers wait for as long as `isOpen` says no. */
export function createGate(isOpen: () => boolean): Gate {
  const waiting = new Set<() => void>();
  return {
    async untilOpen(signal) {
      while (!isOpen() && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const tell = (): void => resolve();
        waiting.add(tell);
        signal.addEventListener('abort', tell);
        await promise;
        signal.removeEventListener('abort', tell);
        waiting.delete(tell);
      }
    },
    look() {
      if (isOpen()) for (const tell of waiting) tell();
    },
  };
}
