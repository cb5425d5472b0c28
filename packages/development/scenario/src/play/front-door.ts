import { type CashbackClient, CashbackClientError, createCashbackClient } from '@cashback/client';
import { type HttpClient, HttpCallError, createCallbackSender, createHttpClient } from '@cashback/service';
import pRetry from 'p-retry';
import type { System } from '@cashback/system';

const TIMEOUT_MS = 10_000;
const RETRIES = 12;

/** The APIs through which a company would use the system. */
export interface FrontDoor {
  server: CashbackClient;
  transactions: HttpClient;
  trust: HttpClient;
  wallet: HttpClient;
  processing: HttpClient;
  /** Sends a signed `invoice.changed` to processing, as transactions does. */
  sendInvoiceChanged(id: string, payload: unknown): Promise<void>;
  /** Repeats a call until it is answered: every call here is safe to repeat. A refusal is an error. */
  retryUntilAnswered<Answer>(call: () => Promise<Answer>): Promise<Answer>;
  /** Aborts calls that are still being retried, and closes the clients. */
  close(): Promise<void>;
}

export function openFrontDoor(system: System, retries = RETRIES): FrontDoor {
  const { credentials, urls } = system;
  const http = (name: 'transactions' | 'trust' | 'wallet' | 'processing') =>
    createHttpClient({
      name,
      base_url: urls[name],
      token: credentials.token(`demo>${name}`),
      timeout_ms: TIMEOUT_MS,
      concurrency: 16,
      max_waiting: 100_000,
    });
  const server = createCashbackClient({
    url: urls.server,
    token: credentials.token('demo>server'),
    timeout_ms: TIMEOUT_MS,
  });
  const clients = {
    transactions: http('transactions'),
    trust: http('trust'),
    wallet: http('wallet'),
    processing: http('processing'),
  };
  const callbacks = createCallbackSender({
    secret: credentials.callback_secrets.invoice,
    timeout_ms: TIMEOUT_MS,
  });
  const closing = new AbortController();
  return {
    server,
    ...clients,
    sendInvoiceChanged: (id, payload) =>
      callbacks.send({ id, url: `${urls.processing}/callbacks/invoice`, payload }),
    retryUntilAnswered: (call) =>
      pRetry(call, {
        retries,
        minTimeout: 100,
        maxTimeout: 3000,
        randomize: true,
        signal: closing.signal,
        shouldRetry: ({ error }) =>
          error instanceof HttpCallError
            ? error.outcome === 'unknown'
            : error instanceof CashbackClientError && error.retryable,
      }),
    async close() {
      closing.abort();
      server.close();
      await Promise.all([callbacks.close(), ...Object.values(clients).map((client) => client.close())]);
    },
  };
}
