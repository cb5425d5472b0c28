import { type Flow, type ProcessName, call } from '../engine/flow.ts';
import type { World } from '../world.ts';

const AGAIN_MS = [1_000, 8_000, 40_000];

interface Callback {
  from: ProcessName;
  to: ProcessName;
  what: string;
  handle: () => Flow<true>;
  /** Until it is taken, or a few times only. */
  for_ever: boolean;
}

/** A callback out of a table: whatever happens to its sender, it is sent until somebody takes it. */
export function deliver({ engine }: Pick<World, 'engine'>, callback: Callback): void {
  const { from, to, what, handle, for_ever } = callback;
  let taken = false;
  const attempt = (count: number): void => {
    if (taken) return;
    engine.spawn(from, `send "${what}"`, send());
    const again_ms = AGAIN_MS[count] ?? (for_ever ? AGAIN_MS.at(-1) : undefined);
    if (again_ms !== undefined) engine.after(again_ms, () => attempt(count + 1));
  };
  function* send(): Flow<void> {
    if ((yield* call(to, what, handle)) !== null) taken = true;
  }
  engine.after(0, () => attempt(0));
}
