/**
 * The calls of a charge and nothing else: no database, no queue, no checks. It is given its orders by
 * `POST /orders`, which is answered when all of them carry what they should, and hears of ended operations as the
 * worker does.
 */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, createServer } from 'node:http';
import { env } from './env.ts';
import { lookAgainMs } from './look-again.ts';
import { onStop, tellReady } from './process.ts';
import { CALLS_AT_ONCE, type Payee, type Reward, createTransactionsClient } from './transactions-client.ts';

type BareOrder = Payee & { target: Reward };

const transactions = createTransactionsClient(env.transactionsUrl(), env.transactionsToken());
/** By order, what to do when its operation is said to have ended. */
const waiting = new Map<string, () => void>();
let free = CALLS_AT_ONCE;
const queued: (() => void)[] = [];

/** Calls that follow a callback go before those of new orders, as in the worker. */
async function inTurn<T>(call: () => Promise<T>): Promise<T> {
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

/** Resolves when the order's operation is said to have ended, or after a while. */
function toldOrLate(orderId: string, began: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, lookAgainMs(began));
    waiting.set(orderId, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The first two calls; returns when to look for the first time. */
async function sendTarget({ target: reward, ...payee }: BareOrder): Promise<{ told: Promise<void> }> {
  const { version } = await transactions.retrieve(payee.order_id);
  const told = toldOrLate(payee.order_id, Date.now());
  await transactions.update(payee, { operation_id: randomUUID(), version, reward });
  return { told };
}

async function untilRewarded(orderId: string, told: Promise<void>, began = Date.now()): Promise<void> {
  for (;;) {
    await told;
    const { status } = await inTurn(() => transactions.retrieve(orderId));
    if (status === 'success') break;
    if (status === 'failed') throw new Error(`the operation of ${orderId} failed`);
    told = toldOrLate(orderId, began);
  }
  waiting.delete(orderId);
}

/** So many orders at a time make their first two calls; the third waits for the operation's end, holding nobody up. */
async function chargeOrders(orders: readonly BareOrder[]): Promise<void> {
  let next = 0;
  const ends: Promise<void>[] = [];
  async function chargeNext(): Promise<void> {
    for (let order = orders[next++]; order !== undefined; order = orders[next++]) {
      const one = order;
      const { told } = await inTurn(() => sendTarget(one));
      ends.push(untilRewarded(one.order_id, told));
    }
  }
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, chargeNext));
  await Promise.all(ends);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

const server = createServer((request, response) => {
  const answer = (status: number): void => void response.writeHead(status).end();
  const failed = (error: unknown): void => {
    process.stderr.write(`${String(error)}\n`);
    answer(500);
  };
  void bodyOf(request).then((body) => {
    if (request.url === '/orders') return chargeOrders(body as BareOrder[]).then(() => answer(200), failed);
    waiting.get((body as { invoice_id: string }).invoice_id)?.();
    return answer(204);
  }, failed);
});
server.requestTimeout = 0;
server.listen(env.port(), '127.0.0.1', () => tellReady(`http://127.0.0.1:${env.port()}`));
onStop(async () => {
  server.closeAllConnections();
  await transactions.close();
});
