import { setTimeout as sleep } from 'node:timers/promises';
import { createCashbackClient } from '@cashback/client';
import { invoice } from '@cashback/wire';
import { type FrontDoor, type Random, seededRandom } from '@cashback/scenario';
import { createHistory } from '@cashback/invariants/linearizability';
import { callOrder, callServer, isUnknown } from '@cashback/register-model/calls';
import type { ModelInput, ModelResult, ModelView } from '@cashback/register-model';
import { type ContendedCall, registeredRevision } from './check-contention.ts';
import { forEachAtOnce } from './restate.ts';

const CLIENTS = 4;
const CALLS_EACH = 8;
const PAUSE_MS = 400;
const TIMEOUT_MS = 2_000;
const MAX_PAUSE_MS = 60;
const PAUSE_AFTER_NO_ANSWER_MS = 700;

export interface Contention {
  /** Resolves after `stop`, with every call and its answer. */
  ended: Promise<readonly ContendedCall[]>;
  throwIfFailed(): void;
  /**
   * After a restore of the server: registers again the newest target of each order that it forgot. An order that began
   * afterwards has clients of its own, and its history knows of no other call.
   */
  restate(forgotten: ReadonlySet<string>): Promise<void>;
  stop(): void;
}

/**
 * Clients that register the same order at the same time, order after order, with versions and revisions that cross.
 * No call is repeated: the calls and answers are the history that must be linearizable.
 */
export function startContention(options: {
  run: string;
  seed: number;
  door: FrontDoor;
  /** The server's address for these clients. */
  server_url: string;
  token: string;
}): Contention {
  const { run, seed, door, server_url, token } = options;
  const stopping = new AbortController();
  const history = createHistory<ModelInput, ModelResult | ModelView>();
  // Clients with and without batching, each over connections of its own.
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    createCashbackClient({
      url: server_url,
      token,
      timeout_ms: TIMEOUT_MS,
      retries: 0,
      batching: index % 2 === 0,
    }),
  );

  const orderOf = (number: number) => ({
    order_id: `${run}-contended-${number}`,
    user_id: `${run}-user-${number}`,
    wallet_id: `${run}-wallet-${number}`,
    currency: 'USD',
  });

  async function restate(forgotten: ReadonlySet<string>): Promise<void> {
    const ofOrder = [...Map.groupBy(history.calls, ({ key }) => key)].filter(([key]) => forgotten.has(key));
    await forEachAtOnce(ofOrder, async ([key, calls]) => {
      const newest = newestRegister(calls);
      if (newest === null) return;
      const { order_id, ...payee } = orderOf(Number(key.split('-').at(-1)));
      await door.retryUntilAnswered(() =>
        callServer(door.server, { order_id, service: 'yellow', ...payee }, newest),
      );
    });
  }

  async function contend(number: number): Promise<void> {
    const { order_id, ...payee } = orderOf(number);
    const opening = { invoice_id: order_id, service: 'yellow', ...payee, status: 'held', payments: [] };
    await door.retryUntilAnswered(() => door.transactions.post('/v2/invoice/create', opening, invoice));
    await Promise.all(
      clients.map(async (client, index) => {
        const random = seededRandom(seed + number, index);
        let known = 0;
        for (let number = 0; number < CALLS_EACH; number += 1) {
          const call = drawCall(random, payee.user_id, number, known);
          const result = await history.record(order_id, call, () =>
            callServer(client, { order_id, service: 'yellow', ...payee }, call).catch(unknownAsNull),
          );
          known = result?.revision ?? known;
          // Calls without an answer add nothing to the history, so the client slows down.
          await sleep(result === null ? PAUSE_AFTER_NO_ANSWER_MS : random.integer(0, MAX_PAUSE_MS));
        }
      }),
    );
  }

  async function play(): Promise<readonly ContendedCall[]> {
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
    restate,
    stop: () => stopping.abort(),
  };
}

/** The register that made the highest revision; one without an answer if none did, as it may have been stored. */
function newestRegister(calls: readonly ContendedCall[]): ModelInput | null {
  const registers = calls.filter(({ input }) => input !== 'order');
  const newest = registers.toSorted((one, other) => registeredRevision(other) - registeredRevision(one))[0];
  if (newest === undefined || newest.input === 'order') return null;
  const { expected_revision: _forgotten, ...register } = newest.input.register;
  return { register };
}

function drawCall(random: Random, user_id: string, number: number, known: number): ModelInput {
  if (random.chance(15)) return 'order';
  return {
    register: {
      user_id,
      invoice_version: 1 + Math.floor(number / 2) + (random.chance(50) ? 1 : 0),
      cleared_sum: 100,
      by_source: { user: random.integer(0, 3), service: random.integer(0, 3) },
      ...(random.chance(50) && { expected_revision: known }),
    },
  };
}

/** A call has no result when it is unknown whether it took effect. */
function unknownAsNull(error: unknown): null {
  if (isUnknown(error)) return null;
  throw error;
}

/** The contended orders as they are at rest. */
export async function readContended(
  calls: readonly ContendedCall[],
  door: FrontDoor,
): Promise<Map<string, ModelView>> {
  const stored = new Map<string, ModelView>();
  for (const order_id of new Set(calls.map(({ key }) => key))) {
    stored.set(order_id, await door.retryUntilAnswered(() => callOrder(door.server, order_id)));
  }
  return stored;
}
