import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AppProcess, startProcess } from '@cashback/system/app-process';
import { request } from 'undici';
import { openSink } from './sink.ts';

export interface Upstream {
  /** Of transactions. */
  url: string;
  /** That the worker comes with. */
  token: string;
  pids: number[];
  stop(): Promise<void>;
}

const APPS = ['trust', 'transactions'] as const;
const mainOf = (name: string): string =>
  fileURLToPath(
    new URL(`../../../../${name === 'trust' ? 'stand-ins' : 'apps'}/${name}/src/main.ts`, import.meta.url),
  );

/** `transactions` and the payment system behind it, as they are deployed: processes of their own, default settings. */
export async function startUpstream(options: {
  database_url: string;
  /** Where ended operations are told of, and what those callbacks are signed with. */
  callbacks: { url: string; secret: string };
  log_folder: string;
}): Promise<Upstream> {
  const { database_url, callbacks, log_folder } = options;
  const [worker, trustToken] = [newToken(), newToken()];
  const billing = await openSink();
  const apps: AppProcess[] = [];
  mkdirSync(log_folder, { recursive: true });
  const start = async (name: (typeof APPS)[number], env: Record<string, string>): Promise<AppProcess> => {
    const common = { DATABASE_URL: database_url, PORT: '0', LOG_LEVEL: 'info' };
    const log_file = path.join(log_folder, `${name}.log`);
    const app = await startProcess({ name, main: mainOf(name), env: { ...common, ...env }, log_file });
    apps.push(app);
    return app;
  };
  async function stop(): Promise<void> {
    for (const app of apps.toReversed()) await app.stop();
    await billing.close();
  }
  try {
    const trust = await start('trust', {
      BEARER_TOKENS: accepted('transactions', trustToken, ['baskets', 'settings']),
      BILLING_CALLBACK_URL: billing.url,
      BILLING_CALLBACK_SECRET: callbacks.secret,
    });
    await answerAtOnce(trust.url, trustToken);
    const transactions = await start('transactions', {
      BEARER_TOKENS: accepted('worker', worker, ['invoices.read', 'cashback.update']),
      TRUST_URL: trust.url,
      TRUST_TOKEN: trustToken,
      INVOICE_CALLBACK_URL: billing.url,
      INVOICE_CALLBACK_SECRET: callbacks.secret,
      OPERATION_CALLBACK_URL: `${callbacks.url}/callbacks/operation`,
      OPERATION_CALLBACK_SECRET: callbacks.secret,
    });
    return { url: transactions.url, token: worker, pids: [trust.pid, transactions.pid], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A payment system that takes its time is waited for, which costs nobody here anything and tells nothing. */
async function answerAtOnce(url: string, token: string): Promise<void> {
  const { statusCode, body } = await request(`${url}/settings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ latency_ms: 0 }),
  });
  if (statusCode >= 300) throw new Error(`trust did not take its settings: ${await body.text()}`);
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
