import { randomBytes, randomUUID } from 'node:crypto';
import { openDatabase } from '@cashback/postgres';
import { type BalanceChangedCallback, type TrustSettings, balanceChangedCallback } from '@cashback/wire';
import { createHttpServer, createLog, listen, readSettings, receiveCallback } from '@cashback/service';
import { createTestDatabase, waitUntil } from '@cashback/testing';
import { startTrust } from '../src/app.ts';
import { settingsSchema } from '../src/env.ts';

export const log = createLog({ name: 'test', level: 'silent', json: true });
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const token: string = randomUUID();
const walletsToken: string = randomUUID();

export interface Answer {
  status: number;
  body: any; // oxlint-disable-line typescript/no-explicit-any -- the tests are about what an answer holds
}

/** A running stand-in with its database and a receiver of its callbacks. */
export async function setUpTrust({ with_balance_receiver = false } = {}) {
  const testDatabase = await createTestDatabase();
  const receiver = await startReceiver('/callbacks/billing');
  const balanceReceiver = await startReceiver('/callbacks/balance');
  const environment = {
    DATABASE_URL: testDatabase.url,
    PORT: '0',
    BEARER_TOKENS: JSON.stringify([
      { caller: 'test', token, scopes: ['baskets', 'wallets', 'spend', 'settings'] },
      { caller: 'reader', token: walletsToken, scopes: ['wallets'] },
    ]),
    BILLING_CALLBACK_URL: `${receiver.url}/callbacks/billing`,
    ...(with_balance_receiver && { BALANCE_CALLBACK_URL: `${balanceReceiver.url}/callbacks/balance` }),
    BILLING_CALLBACK_SECRET: secret,
    SETTLE_INTERVAL_MS: '5',
    CALLBACK_INTERVAL_MS: '20',
    CALLBACK_RETRY_MAX_MS: '50',
    CALLBACK_HOLD_BACK_MS: '300',
  };
  const settings = readSettings(settingsSchema, environment);
  const trust = await startTrust(settings, { log });
  // With the app's own role, so that the tests meet its missing privileges.
  const database = openDatabase({ url: testDatabase.url, role: 'cashback_trust', application_name: 'test' });

  async function call(method: string, path: string, body?: unknown, bearer = token): Promise<Answer> {
    const response = await fetch(`${trust.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  async function set(settings: Partial<TrustSettings>): Promise<void> {
    const { status, body } = await call('POST', '/settings', settings);
    if (status !== 200) throw new Error(JSON.stringify(body));
  }

  return {
    trust,
    receiver,
    balanceReceiver,
    database,
    settings,
    walletsToken,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    call,
    post: (path: string, body: unknown) => call('POST', path, body),
    get: (path: string) => call('GET', path),
    set,
    /** Resolves with the basket or refund once it has ended. */
    async untilEnded(path: string): Promise<Answer['body']> {
      let found = await call('GET', path);
      await waitUntil(`ended: ${path}`, async () => {
        found = await call('GET', path);
        return found.body.status !== 'pending';
      });
      return found.body;
    },
    /** No faults and no latency. */
    calm: () =>
      set({
        latency_ms: 0,
        answer_delay_ms: 0,
        failure_share: 0,
        lost_answer_share: 0,
        refusal_share: 0,
        duplicate_callback_share: 0,
        reorder_callback_share: 0,
        lost_callback_share: 0,
      }),
    async tearDown() {
      await trust.stop();
      await receiver.stop();
      await balanceReceiver.stop();
      await database.close();
      await testDatabase.drop();
    },
  };
}

export type TrustUnderTest = Awaited<ReturnType<typeof setUpTrust>>;

/** Receives billing's callbacks in place of the wallet app, or of the worker. */
async function startReceiver(path: string) {
  const received: { webhook_id: string; body: BalanceChangedCallback }[] = [];
  const callbacksOf = (walletId: string) => received.filter(({ body }) => body.wallet_id === walletId);
  let failures = 0;
  const server = createHttpServer({ name: 'receiver', log, tokens: [], health: async () => {} });
  receiveCallback(server, {
    path,
    secret,
    body: balanceChangedCallback,
    handler: (callback) => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('the receiver fails');
      }
      received.push(callback);
    },
  });
  const url = await listen(server, { port: 0 });
  return {
    url,
    received,
    of: callbacksOf,
    /** Resolves with the wallet's callbacks once this many have arrived. */
    async untilReceived(walletId: string, count: number) {
      await waitUntil(`${count} callbacks received`, () => callbacksOf(walletId).length >= count);
      return callbacksOf(walletId);
    },
    failNext: (count: number) => {
      failures = count;
    },
    stop: () => server.close(),
  };
}

export function newBasket(fields: Record<string, unknown> = {}) {
  return {
    basket_id: randomUUID(),
    wallet_id: randomUUID(),
    user_id: 'user-1',
    currency: 'USD',
    amount: '100.0000',
    source: 'user',
    order_id: 'order-1',
    ...fields,
  };
}

export function newRefund(basketId: string, amount: string, fields: Record<string, unknown> = {}) {
  return { refund_id: randomUUID(), basket_id: basketId, amount, ...fields };
}
