import type { NewOperation } from '@cashback/cashback-db';
import type { FeedAnswer, UpdateAnswer } from '@cashback/core';
import { feedAnswerOf } from '@cashback/feeds';
import {
  type HttpClient,
  type HttpClientOptions,
  type Log,
  createHttpClient,
  resultOfCall,
} from '@cashback/service';
import {
  type CashbackChangesOutput,
  type StatedHistory,
  cashbackChangesOutput,
  updateCashbackOutput,
} from '@cashback/wire';
import type { Settings } from '../env.ts';
import {
  type RetrieveAnswer,
  anyInvoice,
  retrieveAnswerOf,
  updateAnswerOf,
  updateBodyOf,
} from './read-answers.ts';

/** The calls that the worker makes to `transactions`, and whether it is down. */
export interface Transactions extends Pick<HttpClient, 'state' | 'close'> {
  /** `POST /v2/invoice/retrieve`. An order's invoice has the order's id. */
  retrieveInvoice(orderId: string): Promise<RetrieveAnswer>;
  /** `POST /update/cashback`. A repeat of an operation sends exactly the same body, but for `history`. */
  updateCashback(operation: NewOperation, history?: StatedHistory): Promise<UpdateAnswer>;
  /** `POST /v2/cashback/changes`. Null is the beginning of the feed. Throws when there is no answer about the cursor. */
  cashbackChanges(
    page: { after: string | null; limit: number },
    signal: AbortSignal,
  ): Promise<FeedAnswer<CashbackChangesOutput>>;
}

/** `givingUp` aborts the calls that are under way. */
export function openTransactions(settings: Settings, log: Log, givingUp: AbortSignal): Transactions {
  return withCalls(createHttpClient(clientOptions(settings, log)), givingUp);
}

export function withCalls(client: HttpClient, signal: AbortSignal): Transactions {
  return {
    state: () => client.state(),
    close: () => client.close(),
    async retrieveInvoice(orderId) {
      const body = { invoice_id: orderId };
      return retrieveAnswerOf(
        await resultOfCall(client.post('/v2/invoice/retrieve', body, anyInvoice, { signal })),
      );
    },
    async updateCashback(operation, history) {
      const body = updateBodyOf(operation, history);
      const call = client.post('/update/cashback', body, updateCashbackOutput, { signal });
      return updateAnswerOf(operation, await resultOfCall(call));
    },
    async cashbackChanges({ after, limit }, turn) {
      const body = { ...(after !== null && { after }), limit };
      const given = { signal: AbortSignal.any([signal, turn]) };
      return feedAnswerOf(
        await resultOfCall(client.post('/v2/cashback/changes', body, cashbackChangesOutput, given)),
      );
    },
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
