import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CashbackClient, createCashbackClient } from '@cashback/client';
import type { RegisterInput } from '@cashback/contract';
import { startProcessing } from '@cashback/processing/app';
import { settingsSchema as processingSettings } from '@cashback/processing/settings';
import { startServer } from '@cashback/server/app';
import { settingsSchema as serverSettings } from '@cashback/server/settings';
import { type RunningApp, createLog, readSettings } from '@cashback/service';
import { startTransactions } from '@cashback/transactions/app';
import { settingsSchema as transactionsSettings } from '@cashback/transactions/settings';
import { startWorker } from '@cashback/worker/app';
import { settingsSchema as workerSettings } from '@cashback/worker/settings';

/** Of every caller, for whatever it needs. */
export const TOKEN = 'token-with-every-scope';
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const NOWHERE = 'http://127.0.0.1:9';
const log = createLog({ name: 'rolling-upgrade', level: 'silent', json: true });

type Started = RunningApp & { url: string };

const settingsOf = (databaseUrl: string) => ({ DATABASE_URL: databaseUrl, PORT: '0' });
const accept = (...scopes: string[]): string => JSON.stringify([{ caller: 'test', token: TOKEN, scopes }]);

export interface NewServer {
  url: string;
  client: CashbackClient;
  stop(): Promise<void>;
}

export async function startNewServer(databaseUrl: string): Promise<NewServer> {
  const settings = readSettings(serverSettings, {
    ...settingsOf(databaseUrl),
    BEARER_TOKENS: accept('register', 'events', 'order', 'rates', 'rates.read'),
  });
  const server = withUrl(await startServer(settings, { log, name: 'server' }));
  const client = createCashbackClient({ url: server.url, token: TOKEN });
  return {
    url: server.url,
    client,
    async stop() {
      client.close();
      await server.stop();
    },
  };
}

export function startNewWorker(databaseUrl: string, transactionsUrl: string): Promise<RunningApp> {
  const settings = readSettings(workerSettings, {
    ...settingsOf(databaseUrl),
    TRANSACTIONS_URL: transactionsUrl,
    TRANSACTIONS_TOKEN: TOKEN,
    OPERATION_CALLBACK_SECRET: SECRET,
    QUEUE_POLL_MS: '500',
    POLL_BASE_MS: '50',
    POLL_MAX_MS: '200',
    SWEEP_INTERVAL_MS: '50',
    SWEEP_GRACE_MS: '50',
  });
  return startWorker(settings, { log, name: 'worker' });
}

/** Its callbacks reach nobody, and it pays nothing. */
export async function startNewTransactions(databaseUrl: string): Promise<Started> {
  const settings = readSettings(transactionsSettings, {
    ...settingsOf(databaseUrl),
    BEARER_TOKENS: accept('invoices', 'invoices.read'),
    TRUST_URL: NOWHERE,
    TRUST_TOKEN: TOKEN,
    INVOICE_CALLBACK_URL: NOWHERE,
    INVOICE_CALLBACK_SECRET: SECRET,
    OPERATION_CALLBACK_URL: NOWHERE,
    OPERATION_CALLBACK_SECRET: SECRET,
  });
  return withUrl(await startTransactions(settings, { log, name: 'transactions' }));
}

/** Finds the invoices in the feed of `transactions`. */
export async function startNewProcessing(
  databaseUrl: string,
  { server, transactions }: { server: string; transactions: string },
): Promise<RunningApp> {
  const folder = await mkdtemp(join(tmpdir(), 'cashback-rolling-upgrade-'));
  const services = join(folder, 'services.json');
  const yellow = {
    earning_payment_types: ['card'],
    excluded_items: [],
    rounding: 'half_even',
    rounding_step: '0.01',
    max_share: '1',
  };
  await writeFile(services, JSON.stringify({ yellow }));
  try {
    const settings = readSettings(processingSettings, {
      ...settingsOf(databaseUrl),
      SERVER_URL: server,
      SERVER_TOKEN: TOKEN,
      TRANSACTIONS_URL: transactions,
      TRANSACTIONS_TOKEN: TOKEN,
      INVOICE_CALLBACK_SECRET: SECRET,
      CASHBACK_SERVICES: services,
      CATCH_UP_INTERVAL_MS: '50',
    });
    return await startProcessing(settings, { log, name: 'processing' });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function withUrl(app: RunningApp): Started {
  const { url } = app;
  if (url === undefined) throw new Error('the app has no URL');
  return Object.assign(app, { url });
}

/** A register of an order, 5.0000 of `user` unless the fields state amounts. */
export function registerInput(fields: Partial<RegisterInput> & { order_id: string }): RegisterInput {
  const hasAmounts = fields.cashback_by_source !== undefined || fields.cashback_sum !== undefined;
  return {
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'USD',
    invoice_version: 1,
    cleared_sum: '100.0000',
    ...(hasAmounts ? {} : values('5')),
    ...fields,
  };
}

/** A target by source, in the form of the wire. */
export function values(user: string, service?: string): Pick<RegisterInput, 'cashback_by_source'> {
  return {
    cashback_by_source: [
      { source: 'user', value: user },
      ...(service === undefined ? [] : [{ source: 'service' as const, value: service }]),
    ],
  };
}
