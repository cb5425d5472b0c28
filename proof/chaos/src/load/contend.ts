import { setTimeout as sleep } from 'node:timers/promises';
import { type CashbackClient, CashbackClientError, createCashbackClient } from '@cashback/client';
import { invoice } from '@cashback/wire';
import { type FrontDoor, type Random, seededRandom } from '@cashback/scenario';
import { type RecordedCall, createHistory } from '@cashback/invariants/linearizability';
import { type ModelCall, type ModelOrder, type ModelResult, registerModel } from './register-model.ts';

const CLIENTS = 4;
const CALLS_EACH = 8;
const PAUSE_MS = 400;
const TIMEOUT_MS = 2_000;
const MOST_PAUSE_MS = 60;
const AFTER_SILENCE_MS = 700;
/** After these a call may have taken effect, or may yet. */
const UNKNOWN: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'DATABASE_UNAVAILABLE',
  'OVERLOADED',
  'INTERNAL',
]);

export interface Contention {
  /** Resolves when it has been stopped, with every call that was made and what it was told. */
  ended: Promise<readonly RecordedCall<ModelCall, ModelResult>[]>;
  throwIfFailed(): void;
  stop(): void;
}

/**
 * Clients that register the same order at the same time, order after order, with versions and revisions that cross.
 * No call is repeated: what each was told is the history that must have an order.
 */
export function startContention(options: {
  run: string;
  seed: number;
  door: FrontDoor;
  /** By which they reach the server. */
  server_url: string;
  token: string;
}): Contention {
  const { run, seed, door, server_url, token } = options;
  const stopping = new AbortController();
  const history = createHistory<ModelCall, ModelResult>();
  // What goes alone and what goes together with others, over connections of their own.
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    createCashbackClient({
      url: server_url,
      token,
      timeout_ms: TIMEOUT_MS,
      retries: 0,
      batching: index % 2 === 0,
    }),
  );

  async function contend(number: number): Promise<void> {
    const order_id = `${run}-contended-${number}`;
    const payee = { user_id: `${run}-user-${number}`, wallet_id: `${run}-wallet-${number}`, currency: 'USD' };
    const opening = { invoice_id: order_id, service: 'yellow', ...payee, status: 'held', payments: [] };
    await door.insist(() => door.transactions.post('/v2/invoice/create', opening, invoice));
    await Promise.all(
      clients.map(async (client, index) => {
        const random = seededRandom(seed + number, index);
        let known = 0;
        for (let nth = 0; nth < CALLS_EACH; nth += 1) {
          const call = drawCall(random, nth, known);
          const result = await history.record(order_id, call, () =>
            callServer(client, { order_id, ...payee }, call),
          );
          known = result?.revision ?? known;
          // While nobody answers there is no history to be had.
          await sleep(result === null ? AFTER_SILENCE_MS : random.integer(0, MOST_PAUSE_MS));
        }
      }),
    );
  }

  async function play(): Promise<readonly RecordedCall<ModelCall, ModelResult>[]> {
    try {
      for (let number = 0; !stopping.signal.aborted; number += 1) {
        await contend(number);
        await sleep(PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
      return history.calls;
    } finally {
      for (const client of clients) client.close();
    }
  }
  const ended = play();
  let failure: unknown;
  ended.catch((error: unknown) => (failure = error));
  return {
    ended,
    throwIfFailed() {
      if (failure !== undefined) throw failure;
    },
    stop: () => stopping.abort(),
  };
}

function drawCall(random: Random, nth: number, known: number): ModelCall {
  if (random.chance(15)) return 'order';
  return {
    invoice_version: 1 + Math.floor(nth / 2) + (random.chance(50) ? 1 : 0),
    user: `${random.integer(0, 3)}.0000`,
    service: `${random.integer(0, 3)}.0000`,
    ...(random.chance(50) && { expected_revision: known }),
  };
}

type Identity = { order_id: string; user_id: string; wallet_id: string; currency: string };

/** In the words of the model; null: whether it took effect is not known. */
async function callServer(
  client: CashbackClient,
  identity: Identity,
  call: ModelCall,
): Promise<ModelResult | null> {
  try {
    if (call === 'order') return { answer: 'order', ...(await readOrder(client, identity.order_id)) };
    const { user, service, ...rest } = call;
    const cashback_by_source = [
      { source: 'user' as const, value: user },
      { source: 'service' as const, value: service },
    ];
    const input = { ...identity, service: 'yellow', cleared_sum: '100', cashback_by_source, ...rest };
    const answer = await client.register(input);
    const { outcome, revision, invoice_version } = answer;
    return { answer: outcome, revision, invoice_version, ...bySource(answer.cashback_by_source) };
  } catch (error) {
    if (!(error instanceof CashbackClientError)) throw error;
    if (UNKNOWN.has(error.code)) return null;
    return { answer: error.code };
  }
}

async function readOrder(client: CashbackClient, order_id: string): Promise<ModelOrder> {
  try {
    const { revision, invoice_version, target } = await client.order({ order_id });
    return { revision, invoice_version, ...bySource(target) };
  } catch (error) {
    if (error instanceof CashbackClientError && error.code === 'ORDER_NOT_FOUND')
      return registerModel.initial;
    throw error;
  }
}

function bySource(values: readonly { source: string; value: string }[]): { user: string; service: string } {
  const amounts = new Map(values.map(({ source, value }) => [source, value]));
  return { user: amounts.get('user') ?? '0.0000', service: amounts.get('service') ?? '0.0000' };
}

/** The contended orders as they are at rest. */
export async function readContended(
  calls: readonly RecordedCall<ModelCall, ModelResult>[],
  door: FrontDoor,
): Promise<Map<string, ModelOrder>> {
  const stored = new Map<string, ModelOrder>();
  for (const order_id of new Set(calls.map(({ key }) => key))) {
    stored.set(order_id, await door.insist(() => readOrder(door.server, order_id)));
  }
  return stored;
}
