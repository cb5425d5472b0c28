import { type Server, createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { UpdateCashbackInput } from '@cashback/wire';
import { createCallbackSender } from '@cashback/service';
import { benchOrder } from '../fill/bench-order.ts';
import { closeServer, listenOn, urlOf } from './sink.ts';

export interface StandInOptions {
  /** Called when a request for an invoice arrives. */
  onRetrieve?: (orderId: string) => void;
  /** The receiver of callbacks about ended operations; none are sent when absent. */
  callbacks?: { url: string; secret: string };
  /** Every invoice already carries its order's target. */
  rewarded: boolean;
}

export interface StandIn {
  url: string;
  close(): Promise<void>;
}

/** The newest operation by invoice. */
type Operations = Map<string, Pick<UpdateCashbackInput, 'operation_id' | 'version' | 'reward'>>;

/** Long enough for a callback behind many others. */
const CALLBACK_TIMEOUT_MS = 120_000;

/**
 * Answers like `transactions`, over HTTP and without a database: an operation succeeds at once, and the content of an
 * invoice follows from its id.
 */
export async function startStandIn({ onRetrieve, callbacks, rewarded }: StandInOptions): Promise<StandIn> {
  const operations: Operations = new Map();
  const sender =
    callbacks && createCallbackSender({ secret: callbacks.secret, timeout_ms: CALLBACK_TIMEOUT_MS });

  function update({ invoice_id, operation_id, version, reward }: UpdateCashbackInput): unknown {
    operations.set(invoice_id, { operation_id, version, reward });
    const payload = { invoice_id, operation_id, status: 'success' };
    // A poll makes up for a lost callback.
    const url = `${callbacks?.url}/callbacks/operation`;
    setImmediate(() => void sender?.send({ id: operation_id, url, payload }).catch(() => {}));
    return { operation_id, status: 'init', version: version + 1 };
  }

  const answers: Record<string, (body: UpdateCashbackInput) => unknown> = {
    '/v2/invoice/retrieve': ({ invoice_id }) => {
      onRetrieve?.(invoice_id);
      return invoiceOf(invoice_id, rewarded, operations);
    },
    '/update/cashback': update,
  };
  const server: Server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    void json(request).then((body) => {
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer?.(body as UpdateCashbackInput) ?? {}));
    });
  });
  server.keepAliveTimeout = 60_000;
  await listenOn(server, 0);
  return {
    url: urlOf(server),
    async close() {
      await closeServer(server);
      await sender?.close();
    },
  };
}

function invoiceOf(invoice_id: string, rewarded: boolean, operations: Operations): unknown {
  const { user_id, wallet_id, currency, target } = benchOrder(invoice_id);
  const operation = operations.get(invoice_id);
  const listed = operation === undefined ? [] : [{ ...operation, status: 'success' }];
  const carried = operation?.reward ?? (rewarded ? target : []);
  const moment = '2026-01-01T00:00:00.000Z';
  return {
    invoice_id,
    service: 'yellow',
    user_id,
    wallet_id,
    currency,
    version: 1,
    status: 'cleared',
    payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '1000.0000' }] }],
    cashback: {
      version: operation === undefined ? 0 : operation.version + 2,
      status: 'success',
      rewarded: carried,
      operations: listed.map(({ operation_id, status, reward }) => ({ operation_id, status, reward })),
    },
    created_at: moment,
    updated_at: moment,
  };
}
