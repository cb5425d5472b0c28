import { randomBytes, randomUUID } from 'node:crypto';
import { type TrustEpoch, type TrustSettings, trustEpoch } from '@cashback/wire';
import { createLog, readSettings } from '@cashback/service';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema } from '@cashback/trust/settings';

const log = createLog({ name: 'test', level: 'silent', json: true });
const token = randomUUID();

/** The stand-in of the payment system, on the same database. Its callbacks are lost; tests send those that arrive. */
export async function startRealTrust(databaseUrl: string) {
  const settings = readSettings(settingsSchema, {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    BEARER_TOKENS: JSON.stringify([
      { caller: 'test', token, scopes: ['baskets', 'wallets', 'spend', 'settings'] },
    ]),
    BILLING_CALLBACK_URL: 'http://127.0.0.1:9/callbacks/billing',
    BILLING_CALLBACK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
    SETTLE_INTERVAL_MS: '5',
  });
  const { url, stop } = await startTrust(settings, { log });

  async function post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  }

  const faults: Partial<TrustSettings> = { latency_ms: 0, lost_callback_share: 1 };
  await post('/settings', faults);
  return {
    url,
    stop,
    environment: { TRUST_URL: url, TRUST_TOKEN: token },
    /** Each adds 10 to the wallet, so its balance is ten times its sequence. */
    async topUp(walletId: string, times = 1): Promise<void> {
      for (let time = 0; time < times; time++) {
        await post('/baskets', {
          basket_id: randomUUID(),
          wallet_id: walletId,
          user_id: 'user-1',
          currency: 'USD',
          amount: '10',
          source: 'user',
          order_id: 'order-1',
        });
      }
    },
    newEpoch: async (): Promise<TrustEpoch> => trustEpoch.parse(await post('/epoch', {})),
  };
}

export type RealTrust = Awaited<ReturnType<typeof startRealTrust>>;
