import type { NewOperation } from '@cashback/cashback-db';
import type { UpdateAnswer } from '@cashback/core';
import {
  type HttpClient,
  type HttpClientOptions,
  HttpCallError,
  type Log,
  createHttpClient,
} from '@cashback/service';
import { type UpdateCashbackInput, updateCashbackOutput } from '@cashback/wire';
import * as z from 'zod';
import type { Settings } from '../env.ts';
import { type CallFailure, classifyError } from './classify-error.ts';

/** An answer with this field is about an invoice at all. Any other may come from a proxy in between, and passes. */
const anyInvoice = z.looseObject({ invoice_id: z.string() });
export type InvoiceAnswer = z.infer<typeof anyInvoice>;

export type RetrieveAnswer =
  | { kind: 'answered'; invoice: InvoiceAnswer }
  | { kind: 'failed'; failure: CallFailure; error: HttpCallError };

/** The two calls that the worker makes to `transactions`, and whether it is down. */
export interface Transactions extends Pick<HttpClient, 'state' | 'downtimeMs' | 'close'> {
  /** `POST /v2/invoice/retrieve`. An order's invoice has the order's id. */
  retrieveInvoice(orderId: string): Promise<RetrieveAnswer>;
  /** `POST /update/cashback`. A repeat of an operation sends exactly the same body. */
  updateCashback(operation: NewOperation): Promise<UpdateAnswer>;
}

/** `givingUp` aborts the calls that are under way. */
export function openTransactions(settings: Settings, log: Log, givingUp: AbortSignal): Transactions {
  return withCalls(createHttpClient(clientOptions(settings, log)), givingUp);
}

export function withCalls(client: HttpClient, signal: AbortSignal): Transactions {
  return {
    state: () => client.state(),
    downtimeMs: (since) => client.downtimeMs(since),
    close: () => client.close(),
    async retrieveInvoice(orderId) {
      try {
        const body = { invoice_id: orderId };
        const invoice = await client.post('/v2/invoice/retrieve', body, anyInvoice, { signal });
        return { kind: 'answered', invoice };
      } catch (error) {
        if (!(error instanceof HttpCallError)) throw error;
        return { kind: 'failed', failure: classifyError(error), error };
      }
    },
    async updateCashback(operation) {
      const { operation_id } = operation;
      try {
        const body = updateBody(operation);
        const answer = await client.post('/update/cashback', body, updateCashbackOutput, { signal });
        if (answer.operation_id === operation_id) return { kind: 'accepted', status: answer.status };
        return { kind: 'unknown', message: `the answer is about operation ${answer.operation_id}` };
      } catch (error) {
        if (!(error instanceof HttpCallError)) throw error;
        const failure = classifyError(error);
        return failure.kind === 'unknown' ? { kind: 'unknown', message: error.message } : failure;
      }
    },
  };
}

function updateBody(operation: NewOperation): UpdateCashbackInput {
  const { order_id, operation_id, version, user_id, wallet_id, currency, reward } = operation;
  return {
    invoice_id: order_id,
    operation_id,
    version,
    user_id,
    wallet_id,
    currency,
    // A stored reward has its keys in another order than the one that was sent first.
    reward: reward.map(({ source, amount }) => ({ source, amount })),
  };
}

function clientOptions(settings: Settings, log: Log): HttpClientOptions {
  const { transactions_rate_per_second: rate_per_second } = settings;
  return {
    name: 'transactions',
    base_url: settings.transactions_url,
    token: settings.transactions_token,
    timeout_ms: settings.transactions_timeout_ms,
    concurrency: settings.transactions_concurrency,
    // An order makes one call at a time. A batch of the queue starts whole as soon as there is room for one order.
    max_waiting: settings.max_in_flight + settings.batch_size * settings.batch_concurrency,
    ...(rate_per_second > 0 && { rate_per_second }),
    circuit: {
      log,
      min_calls: settings.transactions_circuit_calls,
      open_base_ms: settings.transactions_circuit_open_ms,
      open_max_ms: settings.transactions_circuit_open_max_ms,
    },
  };
}
