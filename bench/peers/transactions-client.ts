import { Pool } from 'undici';

export interface Cashback {
  version: number;
  status: 'init' | 'in-progress' | 'success' | 'failed';
  rewarded: Reward;
  operations: { operation_id: string; status: string; reward: Reward }[];
}

export type Reward = { source: string; amount: string }[];

export interface Operation {
  operation_id: string;
  version: number;
  reward: Reward;
}

export interface Payee {
  order_id: string;
  user_id: string;
  wallet_id: string;
  currency: string;
}

export interface TransactionsClient {
  retrieve(orderId: string): Promise<Cashback>;
  update(payee: Payee, operation: Operation): Promise<void>;
  close(): Promise<void>;
}

/** As many connections as the worker has by default. */
export const CALLS_AT_ONCE = 64;
const TIMEOUT_MS = 5_000;

/** The two calls of a charge, without a schema, a circuit breaker or a queue of calls. */
export function createTransactionsClient(url: string, token: string): TransactionsClient {
  const pool = new Pool(url, {
    connections: CALLS_AT_ONCE,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };

  async function post(path: string, body: unknown): Promise<unknown> {
    const answer = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
    const json = await answer.body.json();
    if (answer.statusCode < 300) return json;
    throw new Error(`${path} answered ${answer.statusCode}: ${JSON.stringify(json)}`);
  }

  return {
    async retrieve(invoice_id) {
      const { cashback } = (await post('/v2/invoice/retrieve', { invoice_id })) as { cashback: Cashback };
      return cashback;
    },
    async update({ order_id, user_id, wallet_id, currency }, { operation_id, version, reward }) {
      const payee = { user_id, wallet_id, currency };
      await post('/update/cashback', { invoice_id: order_id, ...payee, operation_id, version, reward });
    },
    close: () => pool.close(),
  };
}
