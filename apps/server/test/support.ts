import { type CashbackClient, createCashbackClient } from '@cashback/client';
import type { RegisterInput } from '@cashback/contract';
import { type Database, openDatabase } from '@cashback/postgres';
import { createLog } from '@cashback/service';
import { createTestDatabase } from '@cashback/testing';
import { startServer } from '../src/app.ts';
import type { Settings } from '../src/env.ts';

export const TOKEN = 'token-with-every-scope';
export const READER_TOKEN = 'token-with-one-scope';

export interface TestServer {
  url: string;
  client: CashbackClient;
  /** A superuser's, to read and prepare the tables. */
  admin: Database;
  database_url: string;
  stop(): Promise<void>;
}

/** A real server on a free port, with a database of its own unless it is given one. */
export async function startTestServer(settings: Partial<Settings> = {}): Promise<TestServer> {
  const own = settings.database_url === undefined ? await createTestDatabase() : null;
  const database_url = settings.database_url ?? own?.url ?? '';
  const server = await startServer(settingsFor({ ...settings, database_url }), {
    log: createLog({ name: 'server', level: 'silent', json: true }),
    name: 'server',
  });
  const url = String(server.url);
  const client = createCashbackClient({ url, token: TOKEN });
  const admin = openDatabase({ url: database_url, application_name: 'server-test' });
  return {
    url,
    client,
    admin,
    database_url,
    stop: async () => {
      client.close();
      await server.stop();
      await admin.close();
      await own?.drop();
    },
  };
}

function settingsFor(settings: Partial<Settings> & { database_url: string }): Settings {
  return {
    host: '127.0.0.1',
    port: 0,
    bearer_tokens: [
      {
        caller: 'test',
        token: TOKEN,
        scopes: [
          'register',
          'events',
          'order',
          'rates',
          'rates.read',
          'reconcile',
          'breaker',
          'attention',
          'attention.report',
          'payee',
        ],
      },
      { caller: 'reader', token: READER_TOKEN, scopes: ['order'] },
    ],
    max_connections: 8,
    breaker: {},
    register_group_size: 500,
    register_concurrency: 2,
    register_max_pending: 5_000,
    register_max_pending_per_order: 500,
    // Longer than any lock that a test holds, on a machine that stands still for a while.
    register_lock_timeout_ms: 20_000,
    max_batch_size: 50,
    call_timeout_ms: 25_000,
    body_limit_bytes: 1_048_576,
    ...settings,
  };
}

let orders = 0;

/** A register of a new order, 5.0000 of `user`. */
export function registerInput(fields: Partial<RegisterInput> = {}): RegisterInput {
  const amounts =
    fields.cashback_by_source === undefined && fields.cashback_sum === undefined ? { ...values('5') } : {};
  return {
    order_id: `order-${(orders += 1)}`,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'USD',
    invoice_version: 1,
    cleared_sum: '100.0000',
    ...amounts,
    ...fields,
  };
}

/** A target by source, in the form of the wire. */
export function values(user: string, service?: string): Pick<RegisterInput, 'cashback_by_source'> {
  return {
    cashback_by_source: [
      { source: 'user', value: user },
      ...(service === undefined ? [] : [{ source: 'service' as const, value: service }]),
    ],
  };
}

/** The number of jobs that wait to charge the order now. */
export async function queuedJobs({ admin }: TestServer, orderId: string): Promise<number> {
  const { rows } = await admin.pool.query<{ jobs: number }>(
    `SELECT count(*)::integer AS jobs FROM cashback_jobs.job
     WHERE name = 'cashback_charge_processing' AND singleton_key = $1 AND state = 'created'`,
    [orderId],
  );
  return rows[0]?.jobs ?? 0;
}

/** Everything that is stored, in one comparable text. */
export async function snapshotOf({ admin }: TestServer): Promise<string> {
  const { rows } = await admin.pool.query<{ content: string }>(`
    SELECT jsonb_build_object(
      'orders', (SELECT jsonb_agg(to_jsonb(o) ORDER BY order_id) FROM cashback.order_clears o),
      'events', (SELECT jsonb_agg(to_jsonb(e) ORDER BY event_id) FROM cashback.events e),
      'rates', (SELECT jsonb_agg(to_jsonb(r) ORDER BY order_id) FROM cashback.order_rates r),
      'jobs', (SELECT jsonb_agg(id ORDER BY id) FROM cashback_jobs.job WHERE name = 'cashback_charge_processing')
    )::text AS content`);
  return rows[0]?.content ?? '';
}
