import { randomUUID } from 'node:crypto';
import { type RunningApp, readSettings } from '@cashback/service';
import { startTransactions } from '@cashback/transactions/app';
import { settingsSchema as transactionsSettings } from '@cashback/transactions/settings';
import { startTrust } from '@cashback/trust/app';
import { settingsSchema as trustSettings } from '@cashback/trust/settings';
import { CALLBACK_SECRET, testLog } from './harness.ts';

const NOBODY = 'http://127.0.0.1:9/callbacks';

export interface RealTransactions {
  trust: RunningApp;
  transactions: RunningApp;
  /** Accepted by both. */
  token: string;
  post(app: RunningApp, path: string, body: unknown): Promise<PostAnswer>;
  /** A cleared one of 1,000. */
  createInvoice(invoiceId: string, walletId: string, service?: string): Promise<void>;
  stop(): Promise<void>;
}

export interface PostAnswer {
  status: number;
  body: {
    cashback: { version: number; status: string; rewarded: { source: string; amount: string }[] };
  };
}

/** The reference service and the stand-in of Trust, on the database of a test. */
export async function startRealTransactions(
  databaseUrl: string,
  operationCallbackUrl = NOBODY,
  overrides: Record<string, string> = {},
  trustOverrides: Record<string, string> = {},
): Promise<RealTransactions> {
  const token = randomUUID();
  const accepted = (scopes: string[]): string => JSON.stringify([{ caller: 'test', token, scopes }]);
  const common = { DATABASE_URL: databaseUrl, PORT: '0' };
  const trust = await startTrust(
    readSettings(trustSettings, {
      ...common,
      BEARER_TOKENS: accepted(['baskets', 'wallets', 'settings', 'spend']),
      BILLING_CALLBACK_URL: NOBODY,
      BILLING_CALLBACK_SECRET: CALLBACK_SECRET,
      SETTLE_INTERVAL_MS: '5',
      ...trustOverrides,
    }),
    { log: testLog },
  );
  const transactions = await startTransactions(
    readSettings(transactionsSettings, {
      ...common,
      BEARER_TOKENS: accepted(['invoices', 'invoices.read', 'cashback.update']),
      TRUST_URL: trust.url,
      TRUST_TOKEN: token,
      INVOICE_CALLBACK_URL: NOBODY,
      INVOICE_CALLBACK_SECRET: CALLBACK_SECRET,
      OPERATION_CALLBACK_URL: operationCallbackUrl,
      OPERATION_CALLBACK_SECRET: CALLBACK_SECRET,
      TRUST_TIMEOUT_MS: '300',
      POLL_BASE_MS: '10',
      POLL_MAX_MS: '100',
      SWEEP_INTERVAL_MS: '100',
      OVERDUE_AFTER_MS: '500',
      CALLBACK_RETRY_MAX_MS: '200',
      ...overrides,
    }),
    { name: 'transactions', log: testLog },
  );

  async function post(app: RunningApp, path: string, body: unknown): Promise<PostAnswer> {
    const response = await fetch(`${app.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as PostAnswer['body'] };
  }

  return {
    trust,
    transactions,
    token,
    post,
    async createInvoice(invoice_id, wallet_id, service = 'yellow') {
      const { status, body } = await post(transactions, '/v2/invoice/create', {
        invoice_id,
        service,
        user_id: 'user-1',
        wallet_id,
        currency: 'EUR',
        status: 'cleared',
        payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '1000' }] }],
      });
      if (status >= 300) throw new Error(JSON.stringify(body));
    },
    async stop() {
      await transactions.stop();
      await trust.stop();
    },
  };
}
