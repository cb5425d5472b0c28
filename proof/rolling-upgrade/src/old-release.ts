import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAmount } from '@cashback/contract';
import { type Database, migrate, migrationsFolder } from '@cashback/postgres';
import * as z from 'zod';

/** The release before cashback had a source: one sum, all of it the user's. */

interface Journal {
  entries: { tag: string }[];
}

/** Takes a test's database back to the migrations that ran before events had a source; it must hold no orders. */
export async function migrateToOldRelease({ pool }: Database, url: string): Promise<void> {
  await pool.query('DROP SCHEMA cashback CASCADE; DROP TABLE drizzle.cashback_migrations');
  const folder = await mkdtemp(join(tmpdir(), 'cashback-old-release-'));
  try {
    const place = join(folder, 'cashback');
    await cp(join(migrationsFolder, 'cashback'), place, { recursive: true });
    const file = join(place, 'meta', '_journal.json');
    const journal = JSON.parse(await readFile(file, 'utf8')) as Journal;
    const newer = journal.entries.findIndex(({ tag }) => tag.endsWith('_events-source'));
    if (newer < 1) throw new Error('no migration gives events a source');
    await writeFile(file, JSON.stringify({ ...journal, entries: journal.entries.slice(0, newer) }));
    await migrate({ url, folder });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As the old server stored it: the whole sum on the order and, when it changed, in one event. */
export async function oldServerRegisters(
  { pool }: Database,
  { order_id, cashback_sum }: { order_id: string; cashback_sum: string },
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<{ revision: number; invoice_version: number }>(
      `INSERT INTO cashback.order_clears AS stored
         (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision)
       VALUES ($1, 'yellow', 'user-1', 'wallet-1', 'USD', 1, 100, $2, 1)
       ON CONFLICT (order_id) DO UPDATE SET cashback_sum = $2, revision = stored.revision + 1,
         invoice_version = stored.invoice_version + 1
       RETURNING revision, invoice_version`,
      [order_id, cashback_sum],
    );
    await client.query(
      'INSERT INTO cashback.events (order_id, value, revision, invoice_version) VALUES ($1, $2, $3, $4)',
      [order_id, cashback_sum, rows[0]?.revision, rows[0]?.invoice_version],
    );
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

/** The order's cashback as the old worker reads it: the newest event. */
export async function totalOfOldWorker({ pool }: Database, orderId: string): Promise<string> {
  const { rows } = await pool.query<{ value: string }>(
    'SELECT value FROM cashback.events WHERE order_id = $1 ORDER BY event_id DESC LIMIT 1',
    [orderId],
  );
  return rows[0]?.value ?? '0.0000';
}

const oldInvoice = z.object({
  user_id: z.string(),
  wallet_id: z.string(),
  currency: z.string(),
  cashback: z.object({
    version: z.number(),
    status: z.string(),
    rewarded: z.array(z.object({ amount: z.string() })),
  }),
});

/** One run of the old worker's task: it knows one sum, and sends it as the user's. */
export async function oldWorkerCharges(
  database: Database,
  transactionsUrl: string,
  order_id: string,
): Promise<'settled' | 'updated' | 'again later'> {
  const post = async (path: string, body: object): Promise<Response> =>
    fetch(`${transactionsUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const found = await post('/v2/invoice/retrieve', { invoice_id: order_id });
  const { cashback, ...payee } = oldInvoice.parse(await found.json());
  if (cashback.status === 'init' || cashback.status === 'in-progress') return 'again later';
  const amount = await totalOfOldWorker(database, order_id);
  const rewarded = cashback.rewarded.reduce((sum, one) => sum + parseAmount(one.amount), 0n);
  if (cashback.status === 'success' && rewarded === parseAmount(amount)) return 'settled';
  const answer = await post('/update/cashback', {
    invoice_id: order_id,
    operation_id: randomUUID(),
    version: cashback.version,
    ...payee,
    reward: [{ source: 'user', amount }],
  });
  return answer.ok ? 'updated' : 'again later';
}

/** The fields that an old reader of `events` reads. */
const oldEvents = z.object({
  result: z.object({
    data: z.object({
      events: z.array(
        z.object({
          event_id: z.string(),
          order_id: z.string(),
          value: z.string(),
          revision: z.number(),
          invoice_version: z.number(),
          created_at: z.string(),
        }),
      ),
      cursor: z.string(),
    }),
  }),
});

/** The events of an order, or of the feed after a cursor, as an old reader gets them. */
export async function oldReaderReads(
  url: string,
  token: string,
  input: { order_id: string } | { after?: string; limit: number },
) {
  const address = `${url}/trpc/events?input=${encodeURIComponent(JSON.stringify(input))}`;
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  return oldEvents.parse(await response.json()).result.data;
}

/** The fields that an old caller of `register` reads. */
export const oldAnswer = z.object({ need_processing: z.literal(true) });
