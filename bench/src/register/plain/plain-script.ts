import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import type { Client } from 'pg';
import { HIGHEST_HALF, type IdForm, LOWEST_HALF, nowUs } from '../order-ids.ts';

/** A pgbench script and its initial variables. */
export interface PlainScript {
  text: string;
  variables: Record<string, number>;
}

interface QueueRow {
  table_name: string;
  policy: string;
  retry_limit: number;
  retry_delay: number;
  retry_backoff: boolean;
  retry_delay_max: number | null;
  expire_seconds: number;
  retention_seconds: number;
  deletion_seconds: number;
  heartbeat_seconds: number | null;
}

const orderId = '(:first || :second)';
/** Lets the ids of each of pgbench's clients grow with time. */
const orderedStep = 100;

/**
 * A register of a new order in hand-written SQL, without any decision: lock the order, read its newest events, upsert
 * it, add two events and the job, commit. The job's row equals that of pg-boss for this queue, with the options as
 * constants and without a notification.
 */
export async function plainScript(client: Client, form: IdForm): Promise<PlainScript> {
  const queue = await readQueue(client);
  const jobId = (await serverMajor(client)) >= 18 ? 'uuidv7()' : 'gen_random_uuid()';
  const text = `${setIds(form)}
\\set payee random(100000000, 999999999)
\\set cleared random(100, 9999)
\\set of_user random(1, 50)
\\set of_service random(1, 50)
\\set sum :of_user + :of_service
BEGIN;
SELECT revision, invoice_version, cashback_sum FROM cashback.order_clears WHERE order_id = ${orderId} FOR UPDATE;
SELECT DISTINCT ON (source) source, value FROM cashback.events
  WHERE order_id = ${orderId} ORDER BY source, revision DESC;
INSERT INTO cashback.order_clears
    (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision)
  VALUES (${orderId}, 'yellow', :payee, :payee, 'USD', 1, :cleared, :sum, 1)
  ON CONFLICT (order_id) DO UPDATE SET revision = order_clears.revision + 1,
    invoice_version = excluded.invoice_version, cleared_sum = excluded.cleared_sum,
    cashback_sum = excluded.cashback_sum, receipt = excluded.receipt, attention = NULL,
    unsettled_since = now(), next_charge_at = now(), updated_at = now();
INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
  VALUES (${orderId}, 'user', :of_user, 1, 1), (${orderId}, 'service', :of_service, 1, 1);
INSERT INTO ${CASHBACK_JOBS_SCHEMA}.${queue.table_name}
    (id, name, data, singleton_key, expire_seconds, deletion_seconds, keep_until, retry_limit, retry_delay,
     retry_backoff, retry_delay_max, policy, heartbeat_seconds)
  VALUES (${jobId}, '${chargeQueue.name}',
    jsonb_build_object('key', ${orderId}, 'payload', jsonb_build_object('order_id', ${orderId})), ${orderId},
    ${queue.expire_seconds}, ${queue.deletion_seconds}, now() + interval '${queue.retention_seconds}s',
    ${queue.retry_limit}, ${queue.retry_delay}, ${queue.retry_backoff}, ${queue.retry_delay_max},
    '${queue.policy}', ${queue.heartbeat_seconds})
  ON CONFLICT DO NOTHING;
COMMIT;
`;
  return { text, variables: form === 'ordered' ? { first: nowUs() } : {} };
}

function setIds(form: IdForm): string {
  const half = `random(${LOWEST_HALF}, ${HIGHEST_HALF})`;
  const first = form === 'random' ? half : `:first + ${orderedStep}`;
  return `\\set first ${first}\n\\set second ${half}`;
}

async function readQueue(client: Client): Promise<QueueRow> {
  const { rows } = await client.query<QueueRow>(
    `SELECT * FROM ${CASHBACK_JOBS_SCHEMA}.queue WHERE name = $1`,
    [chargeQueue.name],
  );
  const [queue] = rows;
  if (queue === undefined) throw new Error(`there is no queue ${chargeQueue.name}`);
  return queue;
}

async function serverMajor(client: Client): Promise<number> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT current_setting('server_version_num') AS version",
  );
  return Math.floor(Number(rows[0]?.version) / 10_000);
}
