import type { Pool } from 'pg';
import type { Operation, Payee, Reward } from './transactions-client.ts';

export interface StoredOrder extends Payee {
  revision: number;
  settled_revision: number;
  unsettled_since: Date;
  operation_id: string | null;
  /** The open operation. */
  operation: Operation | null;
  target: Reward;
}

// Each step is a single prepared statement: one round trip, without BEGIN and COMMIT around it.
const readText = `
  SELECT o.order_id, o.user_id, o.wallet_id, o.currency, o.revision, o.settled_revision, o.unsettled_since,
    o.operation_id,
    (SELECT jsonb_build_object('operation_id', s.operation_id, 'version', s.version, 'reward', s.reward)
     FROM cashback.operations s WHERE s.order_id = o.order_id AND s.operation_id = o.operation_id) AS operation,
    (SELECT jsonb_agg(jsonb_build_object('source', source, 'amount', value::text) ORDER BY source DESC) FROM (
       SELECT DISTINCT ON (source) source, value FROM cashback.events
       WHERE order_id = o.order_id ORDER BY source, revision DESC) AS newest) AS target
  FROM cashback.order_clears o WHERE o.order_id = $1`;

const recordText = `
  WITH opened AS (
    UPDATE cashback.order_clears SET operation_id = $2, updated_at = now()
    WHERE order_id = $1 AND revision = $3 AND operation_id IS NULL
    RETURNING order_id, revision, user_id, wallet_id, currency)
  INSERT INTO cashback.operations (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward)
  SELECT order_id, $2, revision, $4, user_id, wallet_id, currency, $5::jsonb FROM opened`;

const endText = (settled: 'settled_revision' | 'revision'): string => `
  WITH ended AS (
    UPDATE cashback.order_clears
    SET settled_revision = ${settled}, rewarded = $3::jsonb, operation_id = NULL, updated_at = now()
    WHERE order_id = $1 AND revision = $4 AND operation_id IS NOT DISTINCT FROM $2
    RETURNING order_id)
  INSERT INTO cashback.operation_outcomes (order_id, operation_id, outcome, rewarded)
  SELECT order_id, $2, $5, $3::jsonb FROM ended WHERE $2 IS NOT NULL`;
const settleText = endText('revision');
const retryText = endText('settled_revision');

export async function readOrder(database: Pool, orderId: string): Promise<StoredOrder> {
  const { rows } = await database.query<StoredOrder>({ name: 'read', text: readText, values: [orderId] });
  if (rows[0] === undefined) throw new Error(`there is no order ${orderId}`);
  return rows[0];
}

export async function recordOperation(
  database: Pool,
  { order_id, revision }: StoredOrder,
  { operation_id, version, reward }: Operation,
): Promise<void> {
  const values = [order_id, operation_id, revision, version, JSON.stringify(reward)];
  const { rowCount } = await database.query({ name: 'record', text: recordText, values });
  if (rowCount !== 1) throw new Error(`order ${order_id} has changed meanwhile`);
}

export async function settleOrder(database: Pool, order: StoredOrder, rewarded: Reward): Promise<void> {
  const { order_id, operation_id, revision } = order;
  const values = [order_id, operation_id, JSON.stringify(rewarded), revision, 'applied'];
  await database.query({ name: 'settle', text: settleText, values });
}

/** Records that the operation ended without reaching the target. */
export async function recordRetry(database: Pool, order: StoredOrder, rewarded: Reward): Promise<void> {
  const { order_id, operation_id, revision } = order;
  const values = [order_id, operation_id, JSON.stringify(rewarded), revision, 'failed'];
  await database.query({ name: 'retry', text: retryText, values });
  order.operation_id = null;
}
