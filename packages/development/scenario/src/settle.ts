import { setTimeout as sleep } from 'node:timers/promises';
import { type Unsettled, type World, readUnsettled } from '@cashback/invariants';

const LOOK_EVERY_MS = 500;
/** Waiting ends when nothing more has settled for this long. */
const PATIENCE_MS = 90_000;

/** Waits until every order and every wallet is at rest, or until nothing moves any more; returns what is left. */
export async function settle(
  world: World,
  options: { signal: AbortSignal; look(left: Unsettled): void; patience_ms?: number },
): Promise<Unsettled> {
  let fewest = Infinity;
  let movedAt = performance.now();
  for (;;) {
    const left = await readUnsettled(world);
    options.look(left);
    const open = left.orders + left.wallets;
    if (open === 0) return left;
    if (open < fewest) {
      fewest = open;
      movedAt = performance.now();
    }
    if (performance.now() - movedAt > (options.patience_ms ?? PATIENCE_MS)) return left;
    await sleep(LOOK_EVERY_MS, undefined, { signal: options.signal });
  }
}
