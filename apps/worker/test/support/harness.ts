import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import type { RegisterInput } from '@cashback/contract';
import { type OutsideTransactions, startOutsideTransactions } from '@cashback/outside-transactions';
import { type Database, type Jobs, openDatabase, startJobs, withTransaction } from '@cashback/postgres';
import { type Log, type RunningApp, createLog, readSettings } from '@cashback/service';
import { type TestDatabase, createTestDatabase, readUntil } from '@cashback/testing';
import { registerOrders } from '@cashback/server/register-orders';
import { startWorker } from '../../src/app.ts';
import { type Settings, settingsSchema } from '../../src/env.ts';

export const CALLBACK_SECRET = `whsec_${Buffer.from('a secret of the callbacks of operations').toString('base64')}`;

export interface OrderRow {
  revision: number;
  settled_revision: number;
  operation_id: string | null;
  rewarded: { source: string; amount: string }[];
  attention: string | null;
  attention_code: string | null;
  attention_since: Date | null;
  attention_details: Record<string, unknown> | null;
  heals: number;
  answered_at: Date | null;
  updated_at: Date;
  audit_at: Date | null;
  audit_step: number;
  due_by: string | null;
  requests: number;
  answered_requests: number;
  next_charge_at: Date;
  poll_at: Date | null;
}

export interface OperationRow {
  operation_id: string;
  revision: number;
  version: number;
  reward: { source: string; amount: string }[];
  outcome: string | null;
  reason: string | null;
  rewarded: { source: string; amount: string }[] | null;
}

export type RegisterOverrides = Partial<RegisterInput> & {
  /** Runs when all is written and nothing is committed yet. */
  before_commit?: () => Promise<void>;
};

export interface Harness {
  test_database: TestDatabase;
  /** Of a superuser. */
  database: Database;
  /** The queue as the server sees it. */
  jobs: Jobs;
  outside: OutsideTransactions;
  /** Adds a job to the queue, as any release may have done. */
  enqueue(key: string, payload: { order_id: string; [more: string]: unknown }): Promise<void>;
  /** Starts a worker of its own; all of them are stopped in the end. */
  startWorker(overrides?: Partial<Settings>, log?: Log): Promise<RunningApp>;
  stopWorkers(): Promise<void>;
  /** As the server does it. */
  register(orderId: string, value: string, overrides?: RegisterOverrides): Promise<void>;
  order(orderId: string): Promise<OrderRow>;
  /** Oldest first. */
  operations(orderId: string): Promise<OperationRow[]>;
  untilSettled(orderId: string): Promise<OrderRow>;
  stop(): Promise<void>;
}

export async function createHarness(): Promise<Harness> {
  const testDatabase = await createTestDatabase();
  const { url } = testDatabase;
  const quiet = { log_error: () => {} };
  // A test holds a row locked for as long as its worker takes for all others.
  const database = openDatabase({
    url,
    application_name: 'worker-test',
    idle_in_transaction_timeout_ms: 0,
    ...quiet,
  });
  const serverSide = { role: 'cashback_server', application_name: 'worker-test-server', ...quiet };
  const server = openDatabase({ url, ...serverSide });
  const jobs = await startJobs({
    ...serverSide,
    database_url: url,
    jobs_schema: CASHBACK_JOBS_SCHEMA,
    queues: [chargeQueue],
  });
  const outside = await startOutsideTransactions(database);
  const workers = new Set<RunningApp>();
  const versions = new Map<string, number>();

  const harness: Harness = {
    test_database: testDatabase,
    database,
    jobs,
    outside,
    async enqueue(key, payload) {
      await jobs.enqueue(chargeQueue, [{ key, payload }]);
    },
    async startWorker(overrides = {}, log = testLog) {
      const settings = { ...settingsFor(url, outside.url), ...overrides };
      const worker = await startWorker(settings, { name: 'worker', log });
      workers.add(worker);
      return worker;
    },
    async stopWorkers() {
      await Promise.all([...workers].map((worker) => worker.stop()));
      workers.clear();
    },
    async register(orderId, value, { before_commit, ...overrides } = {}) {
      const invoiceVersion = (versions.get(orderId) ?? 0) + 1;
      versions.set(orderId, invoiceVersion);
      const input: RegisterInput = {
        order_id: orderId,
        service: 'yellow',
        user_id: 'user-1',
        wallet_id: 'wallet-1',
        currency: 'EUR',
        invoice_version: invoiceVersion,
        cleared_sum: '1000.0000',
        cashback_by_source: [{ source: 'user', value }],
        ...overrides,
      };
      const [result] = await withTransaction(server, async (tx) => {
        const results = await registerOrders(tx, jobs, [input]);
        await before_commit?.();
        return results;
      });
      if (result instanceof Error) throw result;
    },
    async order(orderId) {
      const { rows } = await database.pool.query<OrderRow>(
        'SELECT * FROM cashback.order_clears WHERE order_id = $1',
        [orderId],
      );
      if (rows[0] === undefined) throw new Error(`no order ${orderId}`);
      return rows[0];
    },
    async operations(orderId) {
      const { rows } = await database.pool.query<OperationRow>(
        `SELECT o.operation_id, o.revision, o.version, o.reward, e.outcome, e.reason, e.rewarded
         FROM cashback.operations o LEFT JOIN cashback.operation_outcomes e USING (order_id, operation_id)
         WHERE order_id = $1 ORDER BY o.created_at, o.operation_id`,
        [orderId],
      );
      return rows;
    },
    untilSettled: (orderId) =>
      readUntil(
        () => harness.order(orderId),
        ({ revision, settled_revision }) => settled_revision === revision,
      ),
    async stop() {
      await harness.stopWorkers();
      await outside.stop();
      await jobs.stop({ timeout_ms: 5_000 });
      await server.close();
      await database.close();
      await testDatabase.drop();
    },
  };
  return harness;
}

/** Impatient everywhere, so that what is to come later comes soon. */
function settingsFor(databaseUrl: string, transactionsUrl: string): Settings {
  const settings = readSettings(settingsSchema, {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    TRANSACTIONS_URL: transactionsUrl,
    TRANSACTIONS_TOKEN: 'token-of-the-worker',
    OPERATION_CALLBACK_SECRET: CALLBACK_SECRET,
  });
  return {
    ...settings,
    // A call that times out is repeated, and tests count calls: only those of an upstream that hangs shorten it.
    transactions_timeout_ms: 20_000,
    queue_poll_ms: 1_000,
    transactions_circuit_open_ms: 50,
    transactions_circuit_open_max_ms: 400,
    poll_interval_ms: 40,
    poll_base_ms: 50,
    poll_max_ms: 400,
    failure_base_ms: 100,
    failure_max_ms: 400,
    attention_poll_ms: 200,
    attention_poll_max_ms: 400,
    sweep_interval_ms: 1_000,
    sweep_grace_ms: 60_000,
    // Only the tests of audits shorten it: on a slow machine a settled order would be asked about once more.
    audit_distances: [86_400_000],
  };
}

export const testLog = createLog({ name: 'worker', level: 'fatal', json: true });

let orders = 0;
/** An id no other test of the file has. */
export function newOrderId(name: string): string {
  orders += 1;
  return `${name}-${orders}`;
}
