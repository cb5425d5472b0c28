import { type Flow, type ProcessName, call } from '../engine/flow.ts';
import type { World } from '../world.ts';

const RETRY_MS = [1_000, 8_000, 40_000];

interface Callback {
  from: ProcessName;
  to: ProcessName;
  what: string;
  handle: () => Flow<true>;
  /** Retried until it is accepted, or a few times only. */
  retries_forever: boolean;
}

/** A callback from an outbox: whatever happens to its sender, it is sent until it is accepted. */
export function deliver({ engine }: Pick<World, 'engine'>, callback: Callback): void {
  const { from, to, what, handle, retries_forever } = callback;
  let accepted = false;
  const attempt = (count: number): void => {
    if (accepted) return;
    engine.spawn(from, `send "${what}"`, send());
    const retry_ms = RETRY_MS[count] ?? (retries_forever ? RETRY_MS.at(-1) : undefined);
    if (retry_ms !== undefined) engine.after(retry_ms, () => attempt(count + 1));
  };
  function* send(): Flow<void> {
    if ((yield* call(to, what, handle)) !== null) accepted = true;
  }
  engine.after(0, () => attempt(0));
}
