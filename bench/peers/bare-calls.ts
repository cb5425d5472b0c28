/**
 * The calls of a charge and nothing else: no database, no queue, no checks.
 *
 *   POST /orders --> retrieve, update (64 at once) --> wait for a callback or a poll --> retrieve --> answer
 *
 * The answer comes when every order carries its target. Callbacks of ended operations arrive as at the worker.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { env } from './env.ts';
import { pollDelayMs } from './poll-delay.ts';
import { onStop, reportReady } from './process.ts';
import { CALLS_AT_ONCE, type Payee, type Reward, createTransactionsClient } from './transactions-client.ts';

type BareOrder = Payee & { target: Reward };

const transactions = createTransactionsClient(env.transactionsUrl(), env.transactionsToken());
/** Called by order when a callback reports the end of its operation. */
const waiting = new Map<string, () => void>();
let free = CALLS_AT_ONCE;
const queued: (() => void)[] = [];

/** Runs a call in one of the slots. Calls after a callback precede those of new orders, as in the worker. */
async function inSlot<T>(call: () => Promise<T>): Promise<T> {
  if (free === 0) await new Promise<void>((resolve) => queued.unshift(resolve));
  else free -= 1;
  try {
    return await call();
  } finally {
    const next = queued.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

/** Resolves when a callback reports the end of the order's operation, or when a poll is due. */
function callbackOrPoll(orderId: string, began: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, pollDelayMs(began));
    waiting.set(orderId, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Makes the first two calls; `due` resolves when the first poll is due. */
async function sendTarget({ target: reward, ...payee }: BareOrder): Promise<{ due: Promise<void> }> {
  const { version } = await transactions.retrieve(payee.order_id);
  const due = callbackOrPoll(payee.order_id, Date.now());
  await transactions.update(payee, { operation_id: randomUUID(), version, reward });
  return { due };
}

async function untilRewarded(orderId: string, due: Promise<void>, began = Date.now()): Promise<void> {
  for (;;) {
    await due;
    const { status } = await inSlot(() => transactions.retrieve(orderId));
    if (status === 'success') break;
    if (status === 'failed') throw new Error(`the operation of ${orderId} failed`);
    due = callbackOrPoll(orderId, began);
  }
  waiting.delete(orderId);
}

/** A bounded number of orders make their first two calls at once; the third one waits outside of the slots. */
async function chargeOrders(orders: readonly BareOrder[]): Promise<void> {
  let next = 0;
  const ends: Promise<void>[] = [];
  async function chargeNext(): Promise<void> {
    for (let order = orders[next++]; order !== undefined; order = orders[next++]) {
      const one = order;
      const { due } = await inSlot(() => sendTarget(one));
      ends.push(untilRewarded(one.order_id, due));
    }
  }
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, chargeNext));
  await Promise.all(ends);
}

const server = createServer((request, response) => {
  const answer = (status: number): void => void response.writeHead(status).end();
  const failed = (error: unknown): void => {
    process.stderr.write(`${String(error)}\n`);
    answer(500);
  };
  void json(request).then((body) => {
    if (request.url === '/orders') return chargeOrders(body as BareOrder[]).then(() => answer(200), failed);
    waiting.get((body as { invoice_id: string }).invoice_id)?.();
    return answer(204);
  }, failed);
});
server.requestTimeout = 0;
server.listen(env.port(), '127.0.0.1', () => reportReady(`http://127.0.0.1:${env.port()}`));
onStop(async () => {
  server.closeAllConnections();
  await transactions.close();
});
