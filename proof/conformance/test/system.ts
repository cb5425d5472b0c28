import { randomBytes, randomUUID } from 'node:crypto';
import { createLog, readSettings } from '@cashback/service';
import { createTestDatabase } from '@cashback/testing';
import { freePort } from '@cashback/system/free-ports';
import { startTransactions } from '@cashback/transactions/app';
import { settingsSchema as transactionsSettings } from '@cashback/transactions/settings';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema as trustSettings } from '@cashback/trust/settings';
import type { ConformanceOptions } from '../src/index.ts';

const log = createLog({ name: 'test', level: 'silent', json: true });
const secret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

interface SystemOptions {
  /** Where callbacks go instead of to the suite. */
  callback_port?: number;
  /** Put between `transactions` and the payment system. */
  startTrustRelay?: (trustUrl: string) => Promise<{ url: string; stop: () => Promise<void> }>;
}

/** Our own `transactions` on the stand-in of the payment system, and how to look at it. */
export async function startSystem({ callback_port: callbackPort, startTrustRelay }: SystemOptions = {}) {
  const testDatabase = await createTestDatabase();
  const [token, reader_token, trustToken] = [randomUUID(), randomUUID(), randomUUID()];
  const secrets = { invoice_secret: secret(), operation_secret: secret() };
  const port = await freePort();
  const common = { DATABASE_URL: testDatabase.url, PORT: '0' };
  const trust = await startTrust(
    readSettings(trustSettings, {
      ...common,
      BEARER_TOKENS: JSON.stringify([
        { caller: 'test', token: trustToken, scopes: ['baskets', 'wallets', 'settings'] },
      ]),
      BILLING_CALLBACK_URL: 'http://127.0.0.1:9/callbacks/billing',
      BILLING_CALLBACK_SECRET: secret(),
      SETTLE_INTERVAL_MS: '5',
    }),
    { log },
  );
  const relay = await startTrustRelay?.(trust.url);
  const transactions = await startTransactions(
    readSettings(transactionsSettings, {
      ...common,
      BEARER_TOKENS: JSON.stringify([
        { caller: 'conformance', token, scopes: ['invoices', 'invoices.read', 'cashback.update'] },
        { caller: 'reader', token: reader_token, scopes: ['invoices.read'] },
      ]),
      TRUST_URL: relay?.url ?? trust.url,
      TRUST_TOKEN: trustToken,
      INVOICE_CALLBACK_URL: `http://127.0.0.1:${callbackPort ?? port}/callbacks/invoice`,
      INVOICE_CALLBACK_SECRET: secrets.invoice_secret,
      OPERATION_CALLBACK_URL: `http://127.0.0.1:${callbackPort ?? port}/callbacks/operation`,
      OPERATION_CALLBACK_SECRET: secrets.operation_secret,
      TRUST_TIMEOUT_MS: '500',
      POLL_BASE_MS: '10',
      POLL_MAX_MS: '50',
      SWEEP_INTERVAL_MS: '100',
      OVERDUE_AFTER_MS: '500',
      CALLBACK_INTERVAL_MS: '50',
      CALLBACK_RETRY_MAX_MS: '100',
    }),
    { log, name: 'transactions' },
  );
  const headers = { authorization: `Bearer ${trustToken}`, 'content-type': 'application/json' };
  await fetch(`${trust.url}/settings`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ latency_ms: 10 }),
  });
  const options = {
    url: transactions.url,
    token,
    reader_token,
    service: 'conformance',
    currency: 'USD',
    timeout_ms: 10_000,
    settle_ms: 15_000,
    trust: { url: trust.url, token: trustToken },
    callbacks: { host: '127.0.0.1', port, ...secrets },
  } satisfies ConformanceOptions;
  return {
    options,
    async stop() {
      await transactions.stop();
      await relay?.stop();
      await trust.stop();
      await testDatabase.drop();
    },
  };
}

export type SystemUnderTest = Awaited<ReturnType<typeof startSystem>>;
