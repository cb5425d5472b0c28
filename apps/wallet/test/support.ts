import { randomBytes, randomUUID } from 'node:crypto';
import { EventSource } from 'eventsource';
import type { BalanceChangedCallback, WalletBalance } from '@cashback/wire';
import { openDatabase } from '@cashback/postgres';
import { createLog, readSettings, signCallback } from '@cashback/service';
import { createTestDatabase, readUntil } from '@cashback/testing';
import { startWallet } from '../src/app.ts';
import { settingsSchema } from '../src/env.ts';

const log = createLog({ name: 'test', level: 'silent', json: true });
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const token: string = randomUUID();

/** Running wallet processes over one database. */
export async function setUpWallet() {
  const testDatabase = await createTestDatabase();
  const database = openDatabase({ url: testDatabase.url, application_name: 'test' });
  const running: { stop(): Promise<void> }[] = [];

  async function start(overrides: Record<string, string> = {}) {
    const environment = {
      DATABASE_URL: testDatabase.url,
      PORT: '0',
      BEARER_TOKENS: JSON.stringify([
        { caller: 'app', token, scopes: ['wallets'] },
        { caller: 'stranger', token: `${token}-2`, scopes: ['other'] },
      ]),
      BILLING_CALLBACK_SECRET: secret,
      SWEEP_INTERVAL_MS: '50',
      PUSH_OVERDUE_MS: '100',
      KEEP_ALIVE_MS: '100',
      ...overrides,
    };
    const wallet = await startWallet(readSettings(settingsSchema, environment), { log });
    running.push(wallet);
    return wallet;
  }

  return {
    database,
    databaseUrl: testDatabase.url,
    start,
    async tearDown() {
      await Promise.all(running.map((wallet) => wallet.stop()));
      await database.close();
      await testDatabase.drop();
    },
  };
}

export type WalletUnderTest = Awaited<ReturnType<typeof setUpWallet>>;

/** The tests check the shapes of answers, so the type leaves them open. */
type Json = any; // oxlint-disable-line typescript/no-explicit-any

export interface Callback {
  webhook_id: string;
  body: BalanceChangedCallback;
}

export function newCallback(
  walletId: string,
  sequence: number,
  fields: Partial<BalanceChangedCallback> = {},
): Callback {
  return {
    webhook_id: randomUUID(),
    body: {
      wallet_id: walletId,
      user_id: 'user-1',
      currency: 'USD',
      balance: `${sequence * 10}.0000`,
      sequence,
      cause: `basket-${sequence}`,
      occurred_at: '2026-01-02T03:04:05.678Z',
      ...fields,
    },
  };
}

/** Sends a callback as billing does, and returns the answer's status and body. */
export async function sendCallback(url: string, { webhook_id, body }: Callback, signedWith = secret) {
  const text = JSON.stringify(body);
  const response = await fetch(`${url}/callbacks/billing`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...signCallback(signedWith, { id: webhook_id, body: text, now: new Date() }),
    },
    body: text,
    signal: AbortSignal.timeout(60_000),
  });
  const answer = await response.text();
  return { status: response.status, body: answer === '' ? undefined : JSON.parse(answer) };
}

export async function get(url: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

export function getAsStranger(url: string, path: string) {
  return get(url, path, { authorization: `Bearer ${token}-2` });
}

/** A client of the stream: what it got, and how it closes. */
export async function listenTo(url: string, walletId: string, lastEventId?: string) {
  const events: (WalletBalance & { silent: true; id: string })[] = [];
  let requests = 0;
  const source = new EventSource(`${url}/wallets/${walletId}/stream`, {
    fetch: (input, init) => {
      requests += 1;
      const headers: Record<string, string> = { ...init.headers, authorization: `Bearer ${token}` };
      if (requests === 1 && lastEventId !== undefined) headers['Last-Event-ID'] = lastEventId;
      return fetch(input, { ...init, headers });
    },
  });
  source.addEventListener('balance', ({ data, lastEventId: id }) => {
    events.push({ ...JSON.parse(data), id });
  });
  await new Promise<void>((resolve, reject) => {
    source.addEventListener('open', () => resolve(), { once: true });
    source.addEventListener('error', ({ message }) => reject(new Error(message)), { once: true });
  });
  return {
    events,
    sequences: () => events.map(({ sequence }) => sequence),
    /** Resolves once this sequence is the last one that came. */
    received: (sequence: number) =>
      readUntil(
        () => events.at(-1)?.sequence,
        (last) => last === sequence,
      ),
    requests: () => requests,
    close: () => source.close(),
  };
}

/** The stream as it comes over the wire. */
export async function openStream(url: string, walletId: string) {
  const response = await fetch(`${url}/wallets/${walletId}/stream`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (response.status !== 200 || response.body === null) throw new Error(`answered ${response.status}`);
  return { type: response.headers.get('content-type'), body: response.body };
}
