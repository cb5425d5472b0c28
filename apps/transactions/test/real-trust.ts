import { randomBytes, randomUUID } from 'node:crypto';
import type { TrustSettings } from '@cashback/wire';
import { readSettings } from '@cashback/service';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema } from '@cashback/trust/settings';
import { log, trustToken } from './support.ts';

const CALM: Omit<
  TrustSettings,
  'duplicate_callback_share' | 'reorder_callback_share' | 'lost_callback_share'
> = {
  latency_ms: 0,
  answer_delay_ms: 0,
  failure_share: 0,
  lost_answer_share: 0,
  refusal_share: 0,
};

/** The stand-in of the payment system, on the same database in a schema of its own. */
export async function startRealTrust(databaseUrl: string) {
  const settings = readSettings(settingsSchema, {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    BEARER_TOKENS: JSON.stringify([
      { caller: 'test', token: trustToken, scopes: ['baskets', 'wallets', 'spend', 'settings'] },
    ]),
    BILLING_CALLBACK_URL: 'http://127.0.0.1:9/callbacks/billing',
    BILLING_CALLBACK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
    SETTLE_INTERVAL_MS: '5',
  });
  const { url, stop } = await startTrust(settings, { log });

  // oxlint-disable-next-line typescript/no-explicit-any -- what an answer holds is what the tests are about
  async function call(method: string, path: string, body?: unknown): Promise<any> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${trustToken}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  }

  return {
    url,
    stop,
    /** Well, except for what is named. */
    behave: (trouble: Partial<TrustSettings>): Promise<unknown> =>
      call('POST', '/settings', { ...CALM, ...trouble }),
    balanceOf: async (walletId: string): Promise<string> =>
      (await call('GET', `/wallets/${walletId}`)).balance,
    spend: (walletId: string, amount: string): Promise<unknown> =>
      call('POST', `/wallets/${walletId}/spend`, { spend_id: randomUUID(), amount }),
  };
}

export type RealTrust = Awaited<ReturnType<typeof startRealTrust>>;
