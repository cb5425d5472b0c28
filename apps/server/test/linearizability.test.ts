import { type CashbackClient, createCashbackClient } from '@cashback/client';
import { startTcpProxy } from '@cashback/proxies';
import { type SequentialModel, checkLinearizable, createHistory } from '@cashback/invariants/linearizability';
import { callServer, isUnknown } from '@cashback/register-model/calls';
import { type ModelInput, type ModelResult, modelResult, modelView } from '@cashback/register-model';
import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { NOTHING, type OrderWithEvents, callEvents, registerWithEvents } from './events-model.ts';
import { TOKEN, type TestServer, registerInput, startTestServer } from './support.ts';

/** A bound for a hang: on a busy machine the search takes long. */
const TIMEOUT_MS = 240_000;
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Call = ModelInput | 'events';

/** One order, as if its calls came one after another. */
const model: SequentialModel<OrderWithEvents, Call, unknown> = {
  initial: NOTHING,
  apply(state, call) {
    if (call === 'order') return { state, result: modelView(state.order) };
    if (call === 'events') return { state, result: state.events };
    const { step, after } = registerWithEvents(state, call.register);
    return { state: after, result: modelResult(step) };
  },
};

const amount = fc.integer({ min: 0, max: 3 });
const anyCall = fc.oneof(
  {
    arbitrary: fc.record({
      by_source: fc.record({ user: amount, service: amount }, { requiredKeys: [], noNullPrototype: true }),
      is_newer: fc.boolean(),
      /** After a restore of the invoices' side the versions start again. */
      is_restored: fc.boolean(),
      cleared_sum: fc.integer({ min: 100, max: 102 }),
      expects: fc.boolean(),
    }),
    weight: 4,
  },
  { arbitrary: fc.constantFrom('order' as const, 'events' as const), weight: 1 },
);
const CALLS_PER_VERSION = 3;
const CALLS_PER_EPOCH = 6;

/** Servers over one database: calls may take turns inside one server, so one alone proves nothing about the rows. */
async function startServers(count: number): Promise<TestServer[]> {
  const servers: TestServer[] = [];
  while (servers.length < count) {
    const database_url = servers[0]?.database_url;
    const server = await startTestServer(database_url === undefined ? {} : { database_url });
    cleanups.push(() => server.stop());
    servers.push(server);
  }
  return servers;
}

/** Without retries: a call that the client repeats may take effect twice. */
function openClient(url: string, batching: boolean): CashbackClient {
  const client = createCashbackClient({ url, token: TOKEN, batching, retries: 0 });
  cleanups.push(() => client.close());
  return client;
}

/** A client that loses some of its requests and some of its answers. */
async function openLossyClient(url: string): Promise<CashbackClient> {
  const proxy = await startTcpProxy(url, () => ({
    fromCaller: () => (Math.random() < 0.1 ? 'reset' : 'forward'),
    fromTarget: () => (Math.random() < 0.2 ? 'reset' : 'forward'),
  }));
  cleanups.push(() => proxy.stop());
  return openClient(proxy.url, false);
}

function runCall(client: CashbackClient, orderId: string, call: Call): Promise<unknown> {
  if (call === 'events') return callEvents(client, orderId);
  return callServer(client, registerInput({ order_id: orderId }), call);
}

/** Every client makes its calls one after another, all clients at once; in the end each order is read. */
async function playCalls(clients: readonly CashbackClient[], orderIds: readonly string[], callsEach: number) {
  const history = createHistory<Call, unknown>();
  const play = (client: CashbackClient, orderId: string, call: Call): Promise<unknown> =>
    history.record(orderId, call, () =>
      runCall(client, orderId, call).catch((error: unknown) => {
        if (isUnknown(error)) return null;
        throw error;
      }),
    );
  async function playAll(client: CashbackClient): Promise<void> {
    const known = new Map<string, number>();
    for (const [index, drawn] of fc.sample(anyCall, callsEach).entries()) {
      const orderId = orderIds[Math.floor(Math.random() * orderIds.length)] ?? '';
      let call: Call | typeof drawn = drawn;
      if (typeof call === 'object') {
        const { is_newer, is_restored, expects, ...register } = call;
        const epoch = 1 + Math.floor(index / CALLS_PER_EPOCH);
        const invoice_version =
          1 + Math.floor((index % CALLS_PER_EPOCH) / CALLS_PER_VERSION) + (is_newer ? 1 : 0);
        const invoice_epoch = is_restored ? { invoice_epoch: epoch } : {};
        const expected_revision = expects ? { expected_revision: known.get(orderId) ?? 0 } : {};
        call = {
          register: {
            user_id: 'user-1',
            ...register,
            ...expected_revision,
            ...invoice_epoch,
            invoice_version,
          },
        };
      }
      const result = await play(client, orderId, call);
      const { revision } = { ...(result as ModelResult | null) };
      if (revision !== undefined) known.set(orderId, revision);
    }
  }
  await Promise.all(clients.map(playAll));
  for (const orderId of orderIds) {
    for (const call of ['order', 'events'] as const) await play(clients[0] as CashbackClient, orderId, call);
  }
  return history.calls;
}

test('the answers of many clients about few orders are linearizable', { timeout: TIMEOUT_MS }, async () => {
  const servers = await startServers(2);
  const clients: CashbackClient[] = [];
  for (const { url } of servers) {
    // One client for three callers: their calls of one turn share a request.
    const together = openClient(url, true);
    clients.push(together, together, together, openClient(url, false), openClient(url, false));
    clients.push(await openLossyClient(url), await openLossyClient(url));
  }
  const seen = { answered: 0, unknown: 0, registered: 0, overlapping: 0 };
  for (let round = 1; round <= 4; round++) {
    const calls = await playCalls(clients, [registerInput().order_id, registerInput().order_id], 10);
    const verdict = checkLinearizable(calls, model);
    expect('report' in verdict ? verdict.report : 'linearizable').toBe('linearizable');
    for (const { key, answer, invoked_at } of calls) {
      seen[answer === null ? 'unknown' : 'answered'] += 1;
      if (JSON.stringify(answer?.result)?.includes('"registered"')) seen.registered += 1;
      const beside = calls.filter(
        (other) =>
          other.key === key && other.invoked_at < invoked_at && (other.answer?.returned_at ?? 0) > invoked_at,
      );
      seen.overlapping += beside.length;
    }
  }
  // The history had enough overlap to prove something.
  expect(seen.unknown).toBeGreaterThan(10);
  expect(seen.registered).toBeGreaterThan(50);
  expect(seen.overlapping).toBeGreaterThan(seen.answered);
});

test('the checker finds a register that does not lock its order', { timeout: TIMEOUT_MS }, async () => {
  const servers = await startServers(4);
  // The locking statement is an insert that conflicts with the order's row. Here it never does, so it locks nothing.
  await servers[0]?.admin.pool.query(`
    CREATE FUNCTION cashback.lock_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM cashback.order_clears WHERE order_id = NEW.order_id) THEN RETURN NULL; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER lock_nothing BEFORE INSERT ON cashback.order_clears
      FOR EACH ROW EXECUTE FUNCTION cashback.lock_nothing()`);
  const clients = servers.flatMap(({ url }) => [openClient(url, false), openClient(url, false)]);
  for (let round = 1; round <= 40; round++) {
    const calls = await playCalls(clients, [registerInput().order_id], 12);
    // Calls whose outcome is not known multiply the orders to search: such a round is given up early.
    const verdict = checkLinearizable(calls, model, { max_steps: 100_000 });
    if (verdict.outcome !== 'not_linearizable') continue;
    expect(verdict).toMatchObject({
      outcome: 'not_linearizable',
      report: expect.stringContaining('no order'),
    });
    return;
  }
  throw new Error('the lock was gone, and nothing was found');
});
