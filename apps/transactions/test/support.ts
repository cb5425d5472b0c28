import { randomBytes, randomUUID } from 'node:crypto';
import {
  type InvoiceChangedCallback,
  type OperationFinishedCallback,
  invoiceChangedCallback,
  operationFinishedCallback,
} from '@cashback/wire';
import { type Database, openDatabase } from '@cashback/postgres';
import { createHttpServer, createLog, listen, readSettings, receiveCallback } from '@cashback/service';
import { createTestDatabase, readUntil } from '@cashback/testing';
import { startTransactions } from '../src/app.ts';
import { settingsSchema } from '../src/env.ts';
import { assertDocumented } from './document.ts';

export const log = createLog({ name: 'test', level: process.env['TEST_LOG_LEVEL'] ?? 'silent', json: true });

const token = randomUUID();
const readerToken = randomUUID();
const uselessToken = randomUUID();
const invoiceSecret = `whsec_${randomBytes(32).toString('base64')}`;
const operationSecret = `whsec_${randomBytes(32).toString('base64')}`;
export const trustToken = randomUUID();

export interface Answer {
  status: number;
  body: any; // oxlint-disable-line typescript/no-explicit-any -- what an answer holds is what the tests are about
}

/** Whatever is tested, every answer is checked against the document. */
export async function callApp(
  url: string,
  path: string,
  body: unknown,
  bearer: string = token,
  contentType = 'application/json',
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': contentType },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const answer: Answer = { status: response.status, body: await response.json() };
  assertDocumented(path, answer.status, answer.body);
  return answer;
}

/** A running app with its database and a receiver of its callbacks; `trustUrl` is what it takes for Trust. */
export async function setUpTransactions({
  trustUrl = () => 'http://127.0.0.1:9',
  settings = {},
}: {
  /** Without it nothing answers there. */
  trustUrl?: (databaseUrl: string) => Promise<string> | string;
  settings?: Record<string, string>;
} = {}) {
  const testDatabase = await createTestDatabase();
  const receiver = await startReceiver();
  const environment = {
    DATABASE_URL: testDatabase.url,
    PORT: '0',
    BEARER_TOKENS: JSON.stringify([
      { caller: 'test', token, scopes: ['invoices', 'invoices.read', 'cashback.update'] },
      { caller: 'reader', token: readerToken, scopes: ['invoices.read'] },
      { caller: 'nobody', token: uselessToken, scopes: ['nothing'] },
    ]),
    TRUST_URL: await trustUrl(testDatabase.url),
    TRUST_TOKEN: trustToken,
    INVOICE_CALLBACK_URL: `${receiver.url}/callbacks/invoice`,
    INVOICE_CALLBACK_SECRET: invoiceSecret,
    OPERATION_CALLBACK_URL: `${receiver.url}/callbacks/operation`,
    OPERATION_CALLBACK_SECRET: operationSecret,
    WALLET_POLICIES: '{}',
    // A request that times out is repeated, and tests count requests.
    TRUST_TIMEOUT_MS: '5000',
    POLL_BASE_MS: '10',
    POLL_MAX_MS: '50',
    SWEEP_INTERVAL_MS: '100',
    OVERDUE_AFTER_MS: '1000',
    // Tests of a restore decide themselves when something is adopted.
    ADOPTION_INTERVAL_MS: '3600000',
    CALLBACK_INTERVAL_MS: '50',
    CALLBACK_RETRY_MAX_MS: '100',
    ...settings,
  };
  const start = () =>
    startTransactions(readSettings(settingsSchema, environment), { log, name: 'transactions' });
  let app = await start();
  // As the app's own role: what it may not do, the tests see refused.
  const database = openDatabase({
    url: testDatabase.url,
    role: 'cashback_transactions',
    application_name: 'test',
  });
  const owner = openDatabase({ url: testDatabase.url, application_name: 'test-owner' });

  return {
    environment,
    database,
    owner,
    receiver,
    readerToken,
    uselessToken,
    url: () => app.url,
    post: (path: string, body: unknown, bearer?: string, contentType?: string) =>
      callApp(app.url, path, body, bearer, contentType),
    stop: () => app.stop(),
    async restart() {
      app = await start();
    },
    async tearDown(stopTrust = async (): Promise<void> => {}) {
      await app.stop();
      await stopTrust();
      await receiver.stop();
      await database.close();
      await owner.close();
      await testDatabase.drop();
    },
  };
}

export type TransactionsUnderTest = Awaited<ReturnType<typeof setUpTransactions>>;

/** An HTTP server that receives the callbacks. */
async function startReceiver() {
  const invoices: InvoiceChangedCallback[] = [];
  const operations: OperationFinishedCallback[] = [];
  let failures = 0;
  const server = createHttpServer({ name: 'receiver', log, tokens: [], health: async () => {} });
  function receive<Body>(list: Body[]) {
    return ({ body }: { body: Body }): void => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('the receiver fails');
      }
      list.push(body);
    };
  }
  receiveCallback(server, {
    path: '/callbacks/invoice',
    secret: invoiceSecret,
    body: invoiceChangedCallback,
    handler: receive(invoices),
  });
  receiveCallback(server, {
    path: '/callbacks/operation',
    secret: operationSecret,
    body: operationFinishedCallback,
    handler: receive(operations),
  });
  const url = await listen(server, { port: 0 });
  return {
    url,
    invoices: (invoiceId: string) => invoices.filter(({ invoice_id }) => invoice_id === invoiceId),
    operations: (operationId: string) =>
      operations.filter(({ operation_id }) => operation_id === operationId),
    failNext: (count: number) => {
      failures = count;
    },
    stop: () => server.close(),
  };
}

export function newInvoice(fields: Record<string, unknown> = {}) {
  return {
    invoice_id: randomUUID(),
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: `wallet-${randomUUID()}`,
    currency: 'USD',
    status: 'cleared',
    payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '100.0000' }] }],
    ...fields,
  };
}

export function newOperation(invoice: ReturnType<typeof newInvoice>, fields: Record<string, unknown> = {}) {
  const { invoice_id, user_id, wallet_id, currency } = invoice;
  return {
    invoice_id,
    operation_id: randomUUID(),
    version: 0,
    user_id,
    wallet_id,
    currency,
    reward: [{ source: 'user', amount: '10.0000' }],
    ...fields,
  };
}

export async function createInvoice(app: TransactionsUnderTest, fields: Record<string, unknown> = {}) {
  const invoice = newInvoice(fields);
  const { status, body } = await app.post('/v2/invoice/create', invoice);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return invoice;
}

export async function retrieve(app: TransactionsUnderTest, invoiceId: string) {
  const { body } = await app.post('/v2/invoice/retrieve', { invoice_id: invoiceId });
  return body;
}

/** The invoice once its newest operation has ended. */
export function settledInvoice(app: TransactionsUnderTest, invoiceId: string) {
  return readUntil(async () => {
    const invoice = await retrieve(app, invoiceId);
    return ['success', 'failed'].includes(invoice.cashback.status) && invoice;
  });
}

/** The keys of an operation's steps at Trust, in their order. */
export async function loadStepIds(app: TransactionsUnderTest, operationId: string): Promise<string[]> {
  const rows = await queryRows(
    app.owner,
    'SELECT step_id FROM transactions.operation_steps WHERE operation_id = $1 ORDER BY step_number',
    [operationId],
  );
  return rows.map(({ step_id }) => step_id);
}

export async function queryRows(database: Database, text: string, values: unknown[] = []) {
  const { rows } = await database.pool.query(text, values);
  return rows;
}
