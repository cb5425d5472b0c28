import { type TrustWallet, type WalletChangesOutput, trustWallet, walletChangesOutput } from '@cashback/wire';
import { type HttpClient, type Log, StartError, createHttpClient } from '@cashback/service';
import type { Settings } from '../env.ts';

export interface Trust extends Pick<HttpClient, 'state' | 'close'> {
  /** Rejects with `HttpCallError`. */
  wallet(walletId: string, signal?: AbortSignal): Promise<TrustWallet>;
  /** The wallets whose balance changed after the cursor. Rejects with `HttpCallError`. */
  walletChanges(
    page: { after: string | null; limit: number },
    signal: AbortSignal,
  ): Promise<WalletChangesOutput>;
}

const CIRCUIT = { min_calls: 10, open_base_ms: 1_000, open_max_ms: 30_000 };
const MAX_WAITING = 2_000;

/** The payment system, which knows every balance; null when the settings name none. */
export function openTrust(settings: Settings, log: Log): Trust | null {
  const { trust_url, trust_token } = settings;
  if (trust_url === undefined && trust_token === undefined) return null;
  if (trust_url === undefined || trust_token === undefined) {
    const [missing, given] = trust_url === undefined ? ['URL', 'TOKEN'] : ['TOKEN', 'URL'];
    throw new StartError(`TRUST_${missing}: expected with TRUST_${given}, got nothing`);
  }
  const client = createHttpClient({
    name: 'trust',
    base_url: trust_url,
    token: trust_token,
    timeout_ms: settings.check_timeout_ms,
    concurrency: settings.check_concurrency,
    rate_per_second: settings.checks_per_second,
    max_waiting: MAX_WAITING,
    circuit: { log, ...CIRCUIT },
  });
  return {
    wallet: (walletId, signal) =>
      client.get(`/wallets/${encodeURIComponent(walletId)}`, trustWallet, signal && { signal }),
    walletChanges: ({ after, limit }, signal) => {
      const query = new URLSearchParams({ limit: String(limit), ...(after !== null && { after }) });
      return client.get(`/wallets?${query.toString()}`, walletChangesOutput, { signal });
    },
    state: () => client.state(),
    close: () => client.close(),
  };
}
