import { parseBalance } from '@cashback/contract';
import { type TrustSettings, trustSettings, walletBalance } from '@cashback/wire';
import { HttpCallError, createHttpClient } from '@cashback/service';

/** The stand-in for the payment system behind the implementation: its wallets, and its faults on demand. */
export interface TrustControl {
  /** 0 for a wallet without any movement. */
  balanceOf(walletId: string): Promise<bigint>;
  /** Once for each id. */
  spend(walletId: string, spendId: string, amount: string): Promise<void>;
  /** Runs `work` with changed settings, then restores the previous ones. */
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
    async spend(walletId, spend_id, amount) {
      await trust.post(`/wallets/${encodeURIComponent(walletId)}/spend`, { spend_id, amount }, walletBalance);
    },
    async with(settings, work) {
      const previous = await trust.get('/settings', trustSettings);
      try {
        await trust.post('/settings', settings, trustSettings);
        return await work();
      } finally {
        await trust.post('/settings', previous, trustSettings);
      }
    },
    close: () => trust.close(),
  };
}
