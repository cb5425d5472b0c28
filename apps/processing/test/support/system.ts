import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CashbackClient, createCashbackClient } from '@cashback/client';
import { type Database, openDatabase } from '@cashback/postgres';
import {
  type HttpClient,
  type RunningApp,
  createHttpClient,
  createLog,
  readSettings,
} from '@cashback/service';
import { startTcpProxy } from '@cashback/proxies';
import { createTestDatabase } from '@cashback/testing';
import { startServer } from '@cashback/server/app';
import { settingsSchema as serverSettings } from '@cashback/server/settings';
import { startTransactions } from '@cashback/transactions/app';
import { settingsSchema as transactionsSettings } from '@cashback/transactions/settings';
import { startProcessing } from '../../src/app.ts';
import { settingsSchema } from '../../src/env.ts';
import { type CallbackNetwork, startCallbackNetwork } from './callback-network.ts';
import { TRUST_TOKEN, startTrustOf, startWorkerOf } from './payment-side.ts';

export const token = (of: string): string => `test-token-of-${of}`;
export const invoiceSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const otherSecret = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const log = createLog({ name: 'test', level: process.env['TEST_LOG_LEVEL'] ?? 'silent', json: true });
const nowhere = 'http://127.0.0.1:9';

const rules = {
  earning_payment_types: ['card'],
  excluded_items: ['tip', 'tolls'],
  rounding_step: '0.01',
  max_share: '1',
};
export const serviceConfigs = {
  yellow: { ...rules, rounding: 'half_even' as const },
  green: { ...rules, rounding: 'down' as const },
};

/** Settings of one instance of processing, beside the common ones. */
export interface InstanceOptions {
  /** Undefined: without that common one. */
  services?: Record<string, object | undefined>;
  env?: Record<string, string>;
}

/** The server, transactions and instances of processing, as real apps over real HTTP. */
export interface System {
  databaseUrl: string;
  database: Database;
  client: CashbackClient;
  transactions: HttpClient;
  transactionsUrl: string;
  callbacks: CallbackNetwork;
  startProcessing(options?: InstanceOptions): Promise<RunningApp>;
  /** Stops the server; the returned function starts it again at the same address. */
  stopServer(): Promise<() => Promise<void>>;
  /** Stops every instance of processing. */
  stopProcessing(): Promise<void>;
  stop(): Promise<void>;
}

/** `pays`: with a worker and the stand-in of Trust, so that money moves. */
export async function startSystem({ pays = false } = {}): Promise<System> {
  const testDatabase = await createTestDatabase();
  const { url } = testDatabase;
  const database = openDatabase({ url, application_name: 'test' });
  const callbacks = await startCallbackNetwork();
  const folder = await mkdtemp(join(tmpdir(), 'cashback-processing-'));
  const common = { DATABASE_URL: url, PORT: '0' };
  const accept = (caller: string, scopes: string[]) =>
    JSON.stringify([{ caller, token: token(caller), scopes }]);

  const serverEnv = {
    ...common,
    BEARER_TOKENS: accept('server', [
      'register',
      'events',
      'order',
      'rates',
      'rates.read',
      'attention',
      'attention.report',
    ]),
  };
  let server = await startServer(readSettings(serverSettings, serverEnv), { log, name: 'server' });
  // Another process may take the port of a stopped app before it starts again.
  const serverProxy = await startTcpProxy(urlOf(server));
  const serverUrl = serverProxy.url.replace(/\/$/, '');
  const trust = pays ? await startTrustOf(url, log) : null;
  const transactionsApp = await startTransactions(
    readSettings(transactionsSettings, {
      ...common,
      BEARER_TOKENS: accept('transactions', ['invoices', 'invoices.read', 'cashback.update']),
      TRUST_URL: trust?.url ?? nowhere,
      TRUST_TOKEN,
      POLL_BASE_MS: '10',
      INVOICE_CALLBACK_URL: `${callbacks.url}/callbacks/invoice`,
      INVOICE_CALLBACK_SECRET: invoiceSecret,
      OPERATION_CALLBACK_URL: nowhere,
      OPERATION_CALLBACK_SECRET: otherSecret,
    }),
    { log, name: 'transactions' },
  );
  const transactionsUrl = urlOf(transactionsApp);
  const worker = pays ? await startWorkerOf(url, transactionsUrl, token('transactions'), log) : null;
  const client = createCashbackClient({ url: serverUrl, token: token('server') });
  const transactions = createHttpClient({
    name: 'transactions',
    base_url: transactionsUrl,
    token: token('transactions'),
    timeout_ms: 10_000,
  });
  const instances: RunningApp[] = [];

  const system: System = {
    databaseUrl: url,
    database,
    client,
    transactions,
    transactionsUrl,
    callbacks,
    async startProcessing(options = {}) {
      const path = join(folder, `${randomUUID()}.json`);
      writeFileSync(path, JSON.stringify({ ...serviceConfigs, ...options.services }));
      const settings = readSettings(settingsSchema, {
        ...common,
        BEARER_TOKENS: accept('processing', ['attention', 'reconcile']),
        SERVER_URL: serverUrl,
        SERVER_TOKEN: token('server'),
        TRANSACTIONS_URL: transactionsUrl,
        TRANSACTIONS_TOKEN: token('transactions'),
        INVOICE_CALLBACK_SECRET: invoiceSecret,
        CASHBACK_SERVICES: path,
        RETRY_BASE_MS: '50',
        RETRY_MAX_MS: '200',
        ATTENTION_RETRY_MAX_MS: '400',
        SWEEP_INTERVAL_MS: '100',
        OVERDUE_AFTER_MS: '2000',
        // Only the tests of catching up shorten it.
        CATCH_UP_INTERVAL_MS: '3600000',
        // And only those of audits this: on a slow machine a finished order would be processed once more.
        AUDIT_DISTANCES: '1d',
        ...options.env,
      });
      const instance = await startProcessing(settings, { log, name: 'processing' });
      instances.push(instance);
      callbacks.connect(urlOf(instance));
      return instance;
    },
    async stopServer() {
      serverProxy.setTarget(null);
      await server.stop();
      return async () => {
        server = await startServer(readSettings(serverSettings, serverEnv), { log, name: 'server' });
        serverProxy.setTarget(urlOf(server));
      };
    },
    async stopProcessing() {
      callbacks.connect(null);
      await Promise.all(instances.splice(0).map((instance) => instance.stop()));
    },
    async stop() {
      await system.stopProcessing();
      client.close();
      await Promise.all([
        server.stop(),
        worker?.stop(),
        transactionsApp.stop(),
        trust?.stop(),
        transactions.close(),
        callbacks.stop(),
        serverProxy.stop(),
      ]);
      await database.close();
      await testDatabase.drop();
      await rm(folder, { recursive: true });
    },
  };
  return system;
}

export function urlOf({ url }: RunningApp): string {
  if (url === undefined) throw new Error('the app has no URL');
  return url;
}
