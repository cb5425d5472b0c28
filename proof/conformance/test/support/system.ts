import { randomBytes, randomUUID } from 'node:crypto';
import { type HttpHook, startHttpProxy } from '@cashback/proxies';
import { createLog, readSettings } from '@cashback/service';
import { createTestDatabase } from '@cashback/testing';
import { freePort } from '@cashback/system/free-ports';
import { startTransactions } from '@cashback/transactions/app';
import { settingsSchema as transactionsSettings } from '@cashback/transactions/settings';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema as trustSettings } from '@cashback/trust/settings';
import { type ConformanceOptions, type ConformanceReport, runConformance } from '../../src/index.ts';

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
  /** Runs the suite, with these hooks on the links and a port for callbacks that no other run uses. */
  run(change?: Partial<ConformanceOptions>, hooks?: Hooks): Promise<ConformanceReport>;
  /** Replaces the hooks on the links; a link without a hook forwards unchanged. */
  setHooks(hooks: Hooks): void;
  stop(): Promise<void>;
}

type Hooks = Partial<Record<'front' | 'payments' | 'callbacks', HttpHook>>;

const log = createLog({ name: 'test', level: 'silent', json: true });
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export async function startSystem(): Promise<SystemUnderTest> {
  await using starting = new AsyncDisposableStack();
  const testDatabase = starting.adopt(await createTestDatabase(), (database) => database.drop());
  const [token, reader_token, trustToken] = [randomUUID(), randomUUID(), randomUUID()];
  const secrets = { invoice_secret: newSecret(), operation_secret: newSecret() };
  let hooks: Hooks = {};
  const startLink = async (name: keyof Hooks) =>
    starting.use(
      await startHttpProxy(null, (request, forward) => hooks[name]?.(request, forward) ?? forward()),
    );
  const front = await startLink('front');
  const payments = await startLink('payments');
  const callbacks = await startLink('callbacks');
  const common = { DATABASE_URL: testDatabase.url, PORT: '0' };
  const trust = await startTrust(
    readSettings(trustSettings, {
      ...common,
      BEARER_TOKENS: JSON.stringify([
        { caller: 'test', token: trustToken, scopes: ['baskets', 'wallets', 'settings', 'spend'] },
      ]),
      BILLING_CALLBACK_URL: 'http://127.0.0.1:9/callbacks/billing',
      BILLING_CALLBACK_SECRET: newSecret(),
      SETTLE_INTERVAL_MS: '20',
    }),
    { log },
  );
  starting.defer(() => trust.stop());
  payments.setTarget(trust.url);
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
      WALLET_POLICIES: JSON.stringify({ owing: 'take_what_is_there' }),
      POLL_BASE_MS: '10',
      POLL_MAX_MS: '50',
      SWEEP_INTERVAL_MS: '100',
      OVERDUE_AFTER_MS: '2000',
      CALLBACK_INTERVAL_MS: '50',
      CALLBACK_RETRY_MAX_MS: '100',
    }),
    { log, name: 'transactions' },
  );
  starting.defer(() => transactions.stop());
  front.setTarget(transactions.url);
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
    owing_service: 'owing',
    currency: 'USD',
    timeout_ms: 10_000,
    settle_ms: 60_000,
    trust: { url: trust.url, token: trustToken },
    callbacks: { host: '127.0.0.1', port: await freePort(), ...secrets },
  };
  callbacks.setTarget(`http://127.0.0.1:${options.callbacks.port}`);
  const running = starting.move();
  return {
    options,
    setHooks(next) {
      hooks = next;
    },
    async run(change = {}, next = {}) {
      const port = await freePort();
      callbacks.setTarget(`http://127.0.0.1:${port}`);
      hooks = next;
      const listener = { ...options.callbacks, ...change.callbacks, port };
      return runConformance({ ...options, ...change, callbacks: listener });
    },
    stop: () => running.disposeAsync(),
  };
}
