import { type RegisterInput, createCashbackClient } from '@cashback/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../src/database/with-client.ts';
import { ID_FORMS, type IdForm, createIds } from '../src/register/order-ids.ts';
import { pgbenchVersion, startPgbench } from '../src/register/plain/pgbench.ts';
import { plainScript } from '../src/register/plain/plain-script.ts';
import { SERVER_ROLE } from '../src/register/served/server.ts';
import { type ServedDatabase, startServedDatabase } from './support/start-served-database.ts';

const missing = await pgbenchVersion().then(
  () => null,
  (error: unknown) => String(error),
);

// A run shows only the number of skipped tests, not the reason.
if (missing !== null) process.stderr.write(`skipped: ${missing}\n`);

let served: ServedDatabase;
beforeAll(async () => {
  served = await startServedDatabase();
});
afterAll(() => served?.stop());

describe('the plain way', () => {
  for (const form of ID_FORMS) {
    test(`leaves the same rows as the server for the same input, ${form} ids`, async (context) => {
      context.skip(missing !== null, missing ?? undefined);
      const orderId = await registerPlainly(form);
      const plain = await rowsOf(orderId);
      const served = createIds(form)();
      await registerThroughServer(inputOf(plain, served));
      expect(plain.events).toHaveLength(2);
      expect(plain.jobs).toHaveLength(1);
      expect(served).toHaveLength(orderId.length);
      expect(withoutId(plain, orderId)).toEqual(withoutId(await rowsOf(served), served));
    });
  }
});

/** Runs one transaction of the script; returns the id of the new order. */
async function registerPlainly(form: IdForm): Promise<string> {
  const { url } = served.database;
  const ids = (): Promise<string[]> =>
    withClient(url, async (client) => {
      const { rows } = await client.query<{ order_id: string }>('SELECT order_id FROM cashback.order_clears');
      return rows.map(({ order_id }) => order_id);
    });
  const before = await ids();
  const script = await withClient(url, (client) => plainScript(client, form));
  const until = { transactions: 1 };
  await startPgbench({ url, role: SERVER_ROLE, script, clients: 1, threads: 1, until }).ended;
  const added = (await ids()).filter((id) => !before.includes(id));
  expect(added).toHaveLength(1);
  return added[0] ?? '';
}

async function registerThroughServer(input: RegisterInput): Promise<void> {
  const client = createCashbackClient({ url: served.server.process.url, token: served.server.token });
  await expect(client.register(input)).resolves.toMatchObject({ outcome: 'registered', revision: 1 });
  client.close();
}

interface Rows {
  orders: Record<string, unknown>[];
  events: Record<string, unknown>[];
  jobs: Record<string, unknown>[];
}

/** All columns except random ids and times; of a job's times, their differences. */
async function rowsOf(orderId: string): Promise<Rows> {
  return withClient(served.database.url, async (client) => {
    const read = async (text: string): Promise<Record<string, unknown>[]> => {
      const { rows } = await client.query<{ row: Record<string, unknown> }>(text, [orderId]);
      return rows.map(({ row }) => row);
    };
    return {
      orders: await read(
        `SELECT to_jsonb(stored) - '{created_at,updated_at,unsettled_since,next_charge_at}'::text[] AS row
         FROM cashback.order_clears AS stored WHERE order_id = $1`,
      ),
      events: await read(
        `SELECT to_jsonb(stored) - '{event_id,xact_id,created_at}'::text[] AS row
         FROM cashback.events AS stored WHERE order_id = $1 ORDER BY source`,
      ),
      jobs: await read(
        `SELECT to_jsonb(stored) - '{id,created_on,start_after,keep_until}'::text[] || jsonb_build_object(
           'waits', start_after - created_on, 'is_kept', keep_until - created_on) AS row
         FROM cashback_jobs.job AS stored WHERE singleton_key = $1`,
      ),
    };
  });
}

function withoutId(rows: Rows, orderId: string): unknown {
  return JSON.parse(JSON.stringify(rows).replaceAll(orderId, 'the order'));
}

/** The call that registers the stored values. */
function inputOf({ orders, events }: Rows, order_id: string): RegisterInput {
  const { service, user_id, wallet_id, currency, cleared_sum } = orders[0] as Record<string, string>;
  return {
    order_id,
    service: service ?? '',
    user_id: user_id ?? '',
    wallet_id: wallet_id ?? '',
    currency: currency ?? '',
    invoice_version: 1,
    cleared_sum: String(cleared_sum),
    cashback_by_source: events.map(({ source, value }) => ({
      source: source as 'user' | 'service',
      value: String(value),
    })),
  };
}
