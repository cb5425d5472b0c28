import { randomBytes, randomUUID } from 'node:crypto';
import { createLog, readSettings } from '@cashback/service';
import { createTestDatabase } from '@cashback/testing';
import { freePort } from '@cashback/system/free-ports';
import { startTransactions } from '@cashback/transactions/app';
import { settingsSchema as transactionsSettings } from '@cashback/transactions/settings';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema as trustSettings } from '@cashback/trust/settings';
import { type ConformanceOptions, type ConformanceReport, runConformance } from '../../src/index.ts';
import { type Handler, type Proxy, startProxy } from './proxy.ts';

/**
 * Our own `transactions` on the stand-in for the payment system, with a proxy on each of its links:
 *
 *   suite --> [front] --> transactions --> [payments] --> trust
 *     ^                       |
 *     +----- [callbacks] <----+
 */
export interface SystemUnderTest {
  /** For one run at a time. */
  options: ConformanceOptions & Required<Pick<ConformanceOptions, 'trust' | 'callbacks' | 'reader_token'>>;
  /** Runs the suite, with these handlers on the proxies and a port for callbacks that no other run uses. */
  run(change?: Partial<ConformanceOptions>, handlers?: Handlers): Promise<ConformanceReport>;
  front: Proxy;
  stop(): Promise<void>;
}

interface Handlers {
  front?: Handler;
  payments?: Handler;
  callbacks?: Handler;
}

const log = createLog({ name: 'test', level: 'silent', json: true });
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export async function startSystem(): Promise<SystemUnderTest> {
  const testDatabase = await createTestDatabase();
  const [token, reader_token, trustToken] = [randomUUID(), randomUUID(), randomUUID()];
  const secrets = { invoice_secret: newSecret(), operation_secret: newSecret() };
  const [front, payments, callbacks] = [await startProxy(), await startProxy(), await startProxy()];
  const common = { DATABASE_URL: testDatabase.url, PORT: '0' };
  const trust = await startTrust(
    readSettings(trustSettings, {
      ...common,
      BEARER_TOKENS: JSON.stringify([
        { caller: 'test', token: trustToken, scopes: ['baskets', 'wallets', 'settings'] },
      ]),
      BILLING_CALLBACK_URL: 'http://127.0.0.1:9/callbacks/billing',
      BILLING_CALLBACK_SECRET: newSecret(),
      SETTLE_INTERVAL_MS: '20',
    }),
    { log },
  );
  payments.forwardTo(trust.url);
  const transactions = await startTransactions(
    readSettings(transactionsSettings, {
      ...common,
      BEARER_TOKENS: JSON.stringify([
        { caller: 'conformance', token, scopes: ['invoices', 'invoices.read', 'cashback.update'] },
        { caller: 'reader', token: reader_token, scopes: ['invoices.read'] },
      ]),
      TRUST_URL: payments.url,
      TRUST_TOKEN: trustToken,
      INVOICE_CALLBACK_URL: `${callbacks.url}/callbacks/invoice`,
      INVOICE_CALLBACK_SECRET: secrets.invoice_secret,
      OPERATION_CALLBACK_URL: `${callbacks.url}/callbacks/operation`,
      OPERATION_CALLBACK_SECRET: secrets.operation_secret,
      POLL_BASE_MS: '10',
      POLL_MAX_MS: '50',
      SWEEP_INTERVAL_MS: '100',
      OVERDUE_AFTER_MS: '2000',
      CALLBACK_INTERVAL_MS: '50',
      CALLBACK_RETRY_MAX_MS: '100',
    }),
    { log, name: 'transactions' },
  );
  front.forwardTo(transactions.url);
  await fetch(`${trust.url}/settings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${trustToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ latency_ms: 10 }),
  });
  const options = {
    url: front.url,
    token,
    reader_token,
    service: 'conformance',
    currency: 'USD',
    timeout_ms: 10_000,
    settle_ms: 60_000,
    trust: { url: trust.url, token: trustToken },
    callbacks: { host: '127.0.0.1', port: await freePort(), ...secrets },
  };
  callbacks.forwardTo(`http://127.0.0.1:${options.callbacks.port}`);
  return {
    options,
    front,
    async run(change = {}, handlers = {}) {
      const port = await freePort();
      callbacks.forwardTo(`http://127.0.0.1:${port}`);
      front.handle(handlers.front ?? null);
      payments.handle(handlers.payments ?? null);
      callbacks.handle(handlers.callbacks ?? null);
      const listener = { ...options.callbacks, ...change.callbacks, port };
      return runConformance({ ...options, ...change, callbacks: listener });
    },
    async stop() {
      await front.stop();
      await transactions.stop();
      await callbacks.stop();
      await payments.stop();
      await trust.stop();
      await testDatabase.drop();
    },
  };
}
