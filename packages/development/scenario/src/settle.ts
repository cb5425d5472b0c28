import { type Unsettled, type RunTables, readUnsettled } from '@cashback/invariants';
import { WaitTimeoutError, waitUntil } from '@cashback/timing';

const POLL_MS = 500;
/** Waiting ends once nothing has settled for this long. */
const TIMEOUT_MS = 90_000;

interface SettleOptions {
  signal: AbortSignal;
  progress(left: Unsettled): void;
  timeout_ms?: number;
}

/** Waits until every order and wallet is at rest, or until nothing settles any more. Returns what is unsettled. */
export async function settle(
  tables: RunTables,
  { signal, progress, timeout_ms = TIMEOUT_MS }: SettleOptions,
): Promise<Unsettled> {
  async function read(): Promise<Unsettled> {
    signal.throwIfAborted();
    const left = await readUnsettled(tables);
    progress(left);
    return left;
  }
  let left = await read();
  while (openIn(left) > 0) {
    const before = openIn(left);
    const isFewer = async (): Promise<boolean> => openIn((left = await read())) < before;
    try {
      await waitUntil('fewer', isFewer, { timeout_ms, interval_ms: POLL_MS });
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error;
      return left;
    }
  }
  return left;
}

function openIn({ orders, wallets, walks }: Unsettled): number {
  return orders + wallets + walks;
}
