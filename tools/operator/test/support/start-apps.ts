import path from 'node:path';
import { startProcessing } from '@cashback/processing/app';
import { settingsSchema as processingSettings } from '@cashback/processing/settings';
import { startServer } from '@cashback/server/app';
import { settingsSchema as serverSettings } from '@cashback/server/settings';
import { type RunningApp, createLog, readSettings } from '@cashback/service';
import { root } from '@cashback/system';
import { startTransactions } from '@cashback/transactions/app';
import { settingsSchema as transactionsSettings } from '@cashback/transactions/settings';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema as trustSettings } from '@cashback/trust/settings';

const log = createLog({ name: 'test', level: 'silent', json: true });
const NOWHERE = 'http://127.0.0.1:9';
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const NEVER_MS = '3600000';

/** The token of the test, at each app. */
export const TOKEN = 'token-of-the-operator';

export interface App {
  url: string;
  stop(): Promise<void>;
}

const common = (databaseUrl: string, scopes: readonly string[]) => ({
  DATABASE_URL: databaseUrl,
  PORT: '0',
  BEARER_TOKENS: JSON.stringify([{ caller: 'operator', token: TOKEN, scopes }]),
});

export async function startServerOf(
  databaseUrl: string,
  scopes: readonly string[],
  env: Record<string, string> = {},
): Promise<App> {
  const settings = readSettings(serverSettings, { ...common(databaseUrl, scopes), ...env });
  return started(await startServer(settings, { log, name: 'server' }));
}

/** Processing that reaches no transactions: it takes requests, and its attempts fail and are retried. */
export async function startProcessingOf(databaseUrl: string, server: App): Promise<App> {
  const settings = readSettings(processingSettings, {
    ...common(databaseUrl, ['reconcile']),
    SERVER_URL: server.url,
    SERVER_TOKEN: TOKEN,
    TRANSACTIONS_URL: NOWHERE,
    TRANSACTIONS_TOKEN: TOKEN,
    INVOICE_CALLBACK_SECRET: SECRET,
    CASHBACK_SERVICES: path.join(root, 'apps/processing/cashback-services.json'),
    CATCH_UP_INTERVAL_MS: NEVER_MS,
    SWEEP_INTERVAL_MS: NEVER_MS,
  });
  return started(await startProcessing(settings, { log, name: 'processing' }));
}

/** Transactions on a payment system, whose callbacks reach nobody. */
export async function startTransactionsOf(databaseUrl: string, trust: App): Promise<App> {
  const settings = readSettings(transactionsSettings, {
    ...common(databaseUrl, ['invoices', 'invoices.read', 'cashback.update']),
    TRUST_URL: trust.url,
    TRUST_TOKEN: TOKEN,
    INVOICE_CALLBACK_URL: `${NOWHERE}/callbacks/invoice`,
    INVOICE_CALLBACK_SECRET: SECRET,
    OPERATION_CALLBACK_URL: `${NOWHERE}/callbacks/operation`,
    OPERATION_CALLBACK_SECRET: SECRET,
    POLL_BASE_MS: '10',
    POLL_MAX_MS: '50',
  });
  return started(await startTransactions(settings, { log, name: 'transactions' }));
}

export async function startTrustOf(databaseUrl: string): Promise<App> {
  const settings = readSettings(trustSettings, {
    ...common(databaseUrl, ['baskets', 'settings']),
    BILLING_CALLBACK_URL: `${NOWHERE}/callbacks/billing`,
    BILLING_CALLBACK_SECRET: SECRET,
    SETTLE_INTERVAL_MS: '5',
  });
  return started(await startTrust(settings, { log }));
}

/** Calls an app as the test, and returns the body of its answer. */
export async function post(app: App, route: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${app.url}${route}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

function started({ url, stop }: RunningApp): App {
  if (url === undefined) throw new Error('the app has no address');
  return { url, stop };
}
