import { setTimeout as delay } from 'node:timers/promises';
import type { InvoiceCashback, UpdateCashbackInput } from '@cashback/wire';
import type { Database } from '@cashback/postgres';
import { startHttpServer } from '@cashback/testing/http-server';

/** An answer, or what an outside system may do instead of one. */
export type Answer = { status: number; body: unknown } | { html: string } | 'hang' | 'cut';
export interface Call {
  path: string;
  order_id: string;
  body: Record<string, unknown>;
}
type Intercept = (call: Call, honest: () => Answer) => Answer | Promise<Answer>;

interface OutsideInvoice {
  user_id: string;
  wallet_id: string;
  currency: string;
  cashback: InvoiceCashback;
  /** Bodies of all operations ever accepted, by id. */
  accepted: Map<string, string>;
}

export interface OutsideTransactions {
  url: string;
  calls: Call[];
  /** Operations that arrived although their intent was not committed; must stay empty. */
  without_intent: string[];
  addInvoice(
    orderId: string,
    payee?: Partial<Pick<OutsideInvoice, 'user_id' | 'wallet_id' | 'currency'>>,
  ): void;
  removeInvoice(orderId: string): void;
  cashback(orderId: string): InvoiceCashback;
  /** What an accepted operation does by itself; `stay` leaves it to `finish`. */
  on_accept: 'success' | 'failed' | 'stay';
  fail_reason: string | undefined;
  finish(orderId: string, status: 'success' | 'failed', reason?: string): void;
  /** Stands between the caller and the honest answer; the honest one is only computed, and applied, when called. */
  intercept: Intercept | undefined;
  /** The same for one order alone. */
  intercept_of: Map<string, Intercept>;
  updates(orderId: string): UpdateCashbackInput[];
  retrieves(orderId: string): number;
  stop(): Promise<void>;
}

const HANG_MS = 60_000;

/**
 * Stands in for another implementer's `transactions`, which the worker meets over HTTP only. It keeps the contract until a
 * test changes that, and does what the reference service never does: it answers about another order, shows an older
 * invoice, contradicts itself, hides operations, or refuses with codes that nobody knows. `real-upstream.prove.ts` runs
 * the worker against the reference service.
 */
export async function startOutsideTransactions(database: Database, port = 0): Promise<OutsideTransactions> {
  const invoices = new Map<string, OutsideInvoice>();
  const stopping = new AbortController();

  const server = await startHttpServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      // It has no such feed, as another implementer may have none.
      if (request.url === '/v2/cashback/changes') {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page');
        return;
      }
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
      const call: Call = { path: request.url ?? '', order_id: String(body['invoice_id']), body };
      outside.calls.push(call);
      if (call.path === '/update/cashback') await checkIntent(call);
      const honest = (): Answer => answer(call);
      const intercept = outside.intercept_of.get(call.order_id) ?? outside.intercept;
      const given = intercept === undefined ? honest() : await intercept(call, honest);
      if (given === 'hang') await delay(HANG_MS, undefined, { signal: stopping.signal }).catch(() => {});
      if (given === 'cut' || given === 'hang') {
        response.destroy();
      } else if ('html' in given) {
        response.writeHead(200, { 'content-type': 'text/html' }).end(given.html);
      } else {
        response
          .writeHead(given.status, { 'content-type': 'application/json' })
          .end(JSON.stringify(given.body));
      }
    })().catch(() => response.destroy());
  }, port);

  async function checkIntent({ order_id, body }: Call): Promise<void> {
    const { rows } = await database.pool.query<{ found: boolean }>(
      `SELECT user_id = $3 AND wallet_id = $4 AND currency = $5 AND version = $6 AND reward = $7::jsonb AS found
       FROM cashback.operations WHERE order_id = $1 AND operation_id = $2`,
      [
        order_id,
        body['operation_id'],
        body['user_id'],
        body['wallet_id'],
        body['currency'],
        body['version'],
        JSON.stringify(body['reward']),
      ],
    );
    if (rows[0]?.found !== true) outside.without_intent.push(String(body['operation_id']));
  }

  function answer({ path, order_id, body }: Call): Answer {
    const invoice = invoices.get(order_id);
    if (invoice === undefined) return refuse(404, 'INVOICE_NOT_FOUND', `no invoice ${order_id}`);
    if (path === '/v2/invoice/retrieve') return { status: 200, body: describe(order_id, invoice) };
    return update(invoice, body as unknown as UpdateCashbackInput);
  }

  function update(invoice: OutsideInvoice, body: UpdateCashbackInput): Answer {
    const { cashback, accepted } = invoice;
    const known = accepted.get(body.operation_id);
    const text = JSON.stringify(body);
    if (known !== undefined && known !== text) return refuse(409, 'OPERATION_BODY_MISMATCH', 'another body');
    const found = cashback.operations.find((operation) => operation.operation_id === body.operation_id);
    if (found !== undefined) return acceptedAnswer(body.operation_id, found.status, cashback.version);
    if (cashback.status === 'init' || cashback.status === 'in-progress') {
      return refuse(409, 'OPERATION_IN_FLIGHT', 'another operation is unfinished');
    }
    if (cashback.version !== body.version) {
      return refuse(409, 'VERSION_MISMATCH', `expected ${cashback.version}, got ${body.version}`);
    }
    for (const field of ['user_id', 'wallet_id', 'currency'] as const) {
      if (invoice[field] !== body[field]) return refuse(422, 'PAYEE_MISMATCH', `another ${field}`);
    }
    accepted.set(body.operation_id, text);
    cashback.version += 1;
    cashback.status = 'in-progress';
    cashback.operations = [
      { operation_id: body.operation_id, status: 'in-progress' as const, reward: body.reward },
      ...cashback.operations,
    ].slice(0, 20);
    if (outside.on_accept !== 'stay') outside.finish(body.invoice_id, outside.on_accept, outside.fail_reason);
    return acceptedAnswer(body.operation_id, 'init', cashback.version);
  }

  function invoiceOf(orderId: string): OutsideInvoice {
    const invoice = invoices.get(orderId);
    if (invoice === undefined) throw new Error(`no invoice ${orderId}`);
    return invoice;
  }

  const outside: OutsideTransactions = {
    url: server.url,
    calls: [],
    without_intent: [],
    on_accept: 'success',
    fail_reason: undefined,
    intercept: undefined,
    intercept_of: new Map(),
    addInvoice(orderId, payee = {}) {
      invoices.set(orderId, {
        user_id: 'user-1',
        wallet_id: 'wallet-1',
        currency: 'EUR',
        ...payee,
        cashback: { version: 0, status: 'success', rewarded: [], operations: [] },
        accepted: new Map(),
      });
    },
    removeInvoice: (orderId) => void invoices.delete(orderId),
    cashback: (orderId) => invoiceOf(orderId).cashback,
    finish(orderId, status, reason) {
      const { cashback } = invoiceOf(orderId);
      const [newest] = cashback.operations;
      if (newest === undefined) throw new Error(`invoice ${orderId} has no operation`);
      newest.status = status;
      if (reason !== undefined) newest.reason = reason;
      if (status === 'success') cashback.rewarded = newest.reward;
      cashback.status = status;
      cashback.version += 1;
    },
    updates: (orderId) =>
      outside.calls
        .filter((call) => call.path === '/update/cashback' && call.order_id === orderId)
        .map(({ body }) => body as unknown as UpdateCashbackInput),
    retrieves: (orderId) =>
      outside.calls.filter((call) => call.path === '/v2/invoice/retrieve' && call.order_id === orderId)
        .length,
    async stop() {
      stopping.abort();
      await server.stop();
    },
  };
  return outside;
}

export function refuse(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message, retryable: false } } };
}

function acceptedAnswer(operation_id: string, status: string, version: number): Answer {
  return { status: 200, body: { operation_id, status, version } };
}

function describe(orderId: string, { user_id, wallet_id, currency, cashback }: OutsideInvoice) {
  const at = '2026-01-02T03:04:05.678Z';
  const money = {
    service: 'yellow',
    version: 1,
    status: 'cleared',
    payments: [],
    created_at: at,
    updated_at: at,
  };
  // A copy: an answer that is held back says what was true when it was made.
  const answered = { ...structuredClone(cashback), a_new_field: 1 };
  return { invoice_id: orderId, user_id, wallet_id, currency, cashback: answered, ...money, a_new_field: 1 };
}
