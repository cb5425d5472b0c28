import { type Log, type RunningApp, readSettings } from '@cashback/service';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema as trustSettings } from '@cashback/trust/settings';
import { startWorker } from '@cashback/worker/app';
import { settingsSchema as workerSettings } from '@cashback/worker/settings';

export const TRUST_TOKEN = 'test-token-of-trust';
const NOBODY = 'http://127.0.0.1:9/callbacks';
const SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;

/** The stand-in of Trust, whose callbacks reach nobody. */
export function startTrustOf(databaseUrl: string, log: Log): Promise<RunningApp> {
  const settings = readSettings(trustSettings, {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    BEARER_TOKENS: JSON.stringify([{ caller: 'transactions', token: TRUST_TOKEN, scopes: ['baskets'] }]),
    BILLING_CALLBACK_URL: NOBODY,
    BILLING_CALLBACK_SECRET: SECRET,
    SETTLE_INTERVAL_MS: '5',
  });
  return startTrust(settings, { log });
}

/** A worker, which polls the ends of its operations. */
export function startWorkerOf(
  databaseUrl: string,
  transactionsUrl: string,
  token: string,
  log: Log,
): Promise<RunningApp> {
  const settings = readSettings(workerSettings, {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    TRANSACTIONS_URL: transactionsUrl,
    TRANSACTIONS_TOKEN: token,
    OPERATION_CALLBACK_SECRET: SECRET,
    POLL_BASE_MS: '20',
    POLL_MAX_MS: '200',
    IN_FLIGHT_POLL_MS: '20',
    AUDIT_DISTANCES: '1d',
  });
  return startWorker(settings, { log, name: 'worker' });
}
