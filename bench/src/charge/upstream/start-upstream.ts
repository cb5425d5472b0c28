import { randomBytes } from 'node:crypto';
import type { AppProcess } from '@cashback/system/app-process';
import { startApp } from '@cashback/system/start-app';
import { request } from 'undici';
import { openSink } from './sink.ts';

export interface Upstream {
  /** The URL of transactions. */
  url: string;
  /** The token of the worker. */
  token: string;
  pids: number[];
  stop(): Promise<void>;
}

/** `transactions` and the stand-in for Trust, as they are deployed: processes of their own with default settings. */
export async function startUpstream(options: {
  database_url: string;
  /** The receiver of callbacks about ended operations, and the secret that signs them. */
  callbacks: { url: string; secret: string };
  log_folder: string;
}): Promise<Upstream> {
  const { database_url, callbacks, log_folder } = options;
  const [worker, trustToken] = [newToken(), newToken()];
  await using starting = new AsyncDisposableStack();
  const billing = starting.adopt(await openSink(), (sink) => sink.close());
  const start = async (name: 'trust' | 'transactions', env: Record<string, string>): Promise<AppProcess> => {
    const common = { DATABASE_URL: database_url, PORT: '0', LOG_LEVEL: 'info' };
    const app = await startApp(name, { env: { ...common, ...env }, log_folder });
    return starting.adopt(app, () => app.stop());
  };
  const trust = await start('trust', {
    BEARER_TOKENS: accepted('transactions', trustToken, ['baskets', 'settings']),
    BILLING_CALLBACK_URL: billing.url,
    BILLING_CALLBACK_SECRET: callbacks.secret,
  });
  await settleAtOnce(trust.url, trustToken);
  const transactions = await start('transactions', {
    BEARER_TOKENS: accepted('worker', worker, ['invoices.read', 'cashback.update']),
    TRUST_URL: trust.url,
    TRUST_TOKEN: trustToken,
    INVOICE_CALLBACK_URL: billing.url,
    INVOICE_CALLBACK_SECRET: callbacks.secret,
    OPERATION_CALLBACK_URL: `${callbacks.url}/callbacks/operation`,
    OPERATION_CALLBACK_SECRET: callbacks.secret,
  });
  const running = starting.move();
  return {
    url: transactions.url,
    token: worker,
    pids: [trust.pid, transactions.pid],
    stop: () => running.disposeAsync(),
  };
}

/** Waiting for a slow payment system costs no CPU and measures nothing. */
async function settleAtOnce(url: string, token: string): Promise<void> {
  const { statusCode, body } = await request(`${url}/settings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ latency_ms: 0 }),
  });
  if (statusCode >= 300) throw new Error(`trust did not accept its settings: ${await body.text()}`);
}

function accepted(caller: string, token: string, scopes: string[]): string {
  return JSON.stringify([{ caller, token, scopes }]);
}

function newToken(): string {
  return randomBytes(24).toString('base64url');
}

export function newSigningSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}
