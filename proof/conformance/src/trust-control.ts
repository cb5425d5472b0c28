import { parseBalance } from '@cashback/contract';
import { type TrustSettings, trustSettings, walletBalance } from '@cashback/wire';
import { HttpCallError, createHttpClient } from '@cashback/service';

/** The stand-in of the payment system behind the implementation, to look at wallets and to make trouble. */
export interface TrustControl {
  /** 0 for a wallet in which nothing has moved yet. */
  balanceOf(walletId: string): Promise<bigint>;
  /** Works with other settings than usual, and puts back those that there were. */
  with<Result>(settings: Partial<TrustSettings>, work: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export function createTrustControl(url: string, token: string, timeoutMs: number): TrustControl {
  const trust = createHttpClient({ name: 'trust', base_url: url, token, timeout_ms: timeoutMs });
  return {
    async balanceOf(walletId) {
      try {
        const { balance } = await trust.get(`/wallets/${encodeURIComponent(walletId)}`, walletBalance);
        return parseBalance(balance);
      } catch (error) {
        if (error instanceof HttpCallError && error.code === 'WALLET_NOT_FOUND') return 0n;
        throw error;
      }
    },
    async with(settings, work) {
      const usual = await trust.get('/settings', trustSettings);
      try {
        await trust.post('/settings', settings, trustSettings);
        return await work();
      } finally {
        await trust.post('/settings', usual, trustSettings);
      }
    },
    close: () => trust.close(),
  };
}
