import { type AppName, type Ports, urlOf } from './addresses.ts';
import type { Credentials } from './credentials.ts';

interface EnvironmentOptions {
  database_url: string;
  ports: Ports;
  credentials: Credentials;
  /** Path of the CASHBACK_SERVICES file. */
  cashback_services: string;
}

/** The environment variables of each app, as a deployment would write them into its manifests. */
export function environments(options: EnvironmentOptions): Record<AppName, Record<string, string>> {
  const { database_url, ports, credentials, cashback_services } = options;
  const { callback_secrets, token, accepted } = credentials;
  const common = (app: AppName) => ({
    DATABASE_URL: database_url,
    PORT: String(ports[app]),
    LOG_LEVEL: 'info',
  });
  return {
    trust: {
      ...common('trust'),
      BEARER_TOKENS: accepted('trust'),
      BILLING_CALLBACK_URL: `${urlOf(ports.wallet)}/callbacks/billing`,
      BALANCE_CALLBACK_URL: `${urlOf(ports.worker)}/callbacks/balance`,
      BILLING_CALLBACK_SECRET: callback_secrets.billing,
    },
    wallet: {
      ...common('wallet'),
      BEARER_TOKENS: accepted('wallet'),
      BILLING_CALLBACK_SECRET: callback_secrets.billing,
      TRUST_URL: urlOf(ports.trust),
      TRUST_TOKEN: token('wallet>trust'),
    },
    transactions: {
      ...common('transactions'),
      BEARER_TOKENS: accepted('transactions'),
      TRUST_URL: urlOf(ports.trust),
      TRUST_TOKEN: token('transactions>trust'),
      INVOICE_CALLBACK_URL: `${urlOf(ports.processing)}/callbacks/invoice`,
      INVOICE_CALLBACK_SECRET: callback_secrets.invoice,
      OPERATION_CALLBACK_URL: `${urlOf(ports.worker)}/callbacks/operation`,
      OPERATION_CALLBACK_SECRET: callback_secrets.operation,
    },
    server: {
      ...common('server'),
      BEARER_TOKENS: accepted('server'),
    },
    worker: {
      ...common('worker'),
      TRANSACTIONS_URL: urlOf(ports.transactions),
      TRANSACTIONS_TOKEN: token('worker>transactions'),
      OPERATION_CALLBACK_SECRET: callback_secrets.operation,
      BILLING_CALLBACK_SECRET: callback_secrets.billing,
    },
    processing: {
      ...common('processing'),
      BEARER_TOKENS: accepted('processing'),
      SERVER_URL: urlOf(ports.server),
      SERVER_TOKEN: token('processing>server'),
      TRANSACTIONS_URL: urlOf(ports.transactions),
      TRANSACTIONS_TOKEN: token('processing>transactions'),
      INVOICE_CALLBACK_SECRET: callback_secrets.invoice,
      CASHBACK_SERVICES: cashback_services,
      SERVICE_URL_TOKENS: `green=${token('processing>shop')}`,
    },
  };
}
