import { setTimeout as sleep } from 'node:timers/promises';
import { type Unsettled, type RunTables, readUnsettled } from '@cashback/invariants';

const POLL_MS = 500;
/** Waiting ends once nothing has settled for this long. */
const TIMEOUT_MS = 90_000;

/** Waits until every order and wallet is at rest, or until nothing settles any more. Returns what is unsettled. */
export async function settle(
  tables: RunTables,
  options: { signal: AbortSignal; progress(left: Unsettled): void; timeout_ms?: number },
): Promise<Unsettled> {
  let fewest = Infinity;
  let movedAt = performance.now();
  for (;;) {
    const left = await readUnsettled(tables);
    options.progress(left);
    const open = left.orders + left.wallets + left.walks;
    if (open === 0) return left;
    if (open < fewest) {
      fewest = open;
      movedAt = performance.now();
    }
    if (performance.now() - movedAt > (options.timeout_ms ?? TIMEOUT_MS)) return left;
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
}
