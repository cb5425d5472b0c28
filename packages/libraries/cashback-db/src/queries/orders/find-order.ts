import type { OperationOutcome, OrderOutput } from '@cashback/contract';
import type { Source } from '@cashback/contract/source';
import { type Reader, statement } from '@cashback/postgres';
import { newestEventsOf } from '../events/newest-events.ts';
import { type AttentionRow, IS_REPORTED, REPORTED_COLUMNS } from '../attention/attention-rows.ts';

type Amounts = { source: Source; amount: string }[];

/** An order as it stands, with its target and its newest operations, all of one moment. */
export interface OrderView {
  order_id: string;
  service: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  invoice_epoch: number;
  invoice_version: number;
  cleared_sum: string;
  cashback_sum: string;
  revision: number;
  settled_revision: number;
  attention: string | null;
  attention_code: string | null;
  attention_since: Date | null;
  attention_details: NonNullable<OrderOutput['attention_details']> | null;
  rewarded: Amounts;
  /** As it came over the wire. */
  receipt: OrderOutput['receipt'];
  created_at: Date;
  updated_at: Date;
  /** One entry for each source that has an event. */
  target: { source: Source; value: string }[];
  /** What other apps report of it. Moments are ISO 8601 with an offset. */
  reported: (Omit<AttentionRow, 'since' | 'reported_at'> & { since: string; reported_at: string })[];
  /** The newest 50, newest first. Moments are ISO 8601 with an offset. */
  operations: {
    operation_id: string;
    revision: number;
    reward: Amounts;
    created_at: string;
    outcome: OperationOutcome | null;
    reason: string | null;
    finished_at: string | null;
  }[];
}

// Amounts inside JSON are texts there: a JSON number would lose its places.
export const findOrderStatement = statement<OrderView>({
  name: 'cashback.find-order',
  text: `
  SELECT order_id, service, user_id, wallet_id, currency, invoice_epoch, invoice_version, cleared_sum, cashback_sum,
    revision, settled_revision, attention, attention_code, attention_since, attention_details, rewarded, receipt, created_at, updated_at,
    (
      SELECT coalesce(jsonb_agg(jsonb_build_object('source', source, 'value', value::text)), '[]')
      FROM ${newestEventsOf('$1')} AS newest
    ) AS target,
    (
      SELECT coalesce(jsonb_agg(to_jsonb(listed) ORDER BY origin), '[]')
      FROM (
        SELECT ${REPORTED_COLUMNS} FROM cashback.reported_attention WHERE ${IS_REPORTED} AND order_id = $1
      ) AS listed
    ) AS reported,
    (
      SELECT coalesce(jsonb_agg(to_jsonb(listed) ORDER BY created_at DESC, operation_id DESC), '[]')
      FROM (
        SELECT operation_id, revision, reward, created_at, outcome, reason, finished_at
        FROM (
          SELECT * FROM cashback.operations WHERE order_id = $1
          ORDER BY cashback_epoch DESC, version DESC, attempt DESC NULLS LAST
          LIMIT 50
        ) AS operations
        LEFT JOIN LATERAL (
          SELECT outcome, reason, operation_outcomes.created_at AS finished_at
          FROM cashback.operation_outcomes
          WHERE operation_outcomes.order_id = operations.order_id
            AND operation_outcomes.operation_id = operations.operation_id
          LIMIT 1
        ) AS ended ON true
      ) AS listed
    ) AS operations
  FROM cashback.order_clears
  WHERE order_id = $1`,
  columns: {
    order_id: 'text',
    service: 'text',
    user_id: 'text',
    wallet_id: 'text',
    currency: 'text',
    invoice_epoch: 'int4',
    invoice_version: 'int4',
    cleared_sum: 'numeric',
    cashback_sum: 'numeric',
    revision: 'int4',
    settled_revision: 'int4',
    attention: 'text?',
    attention_code: 'text?',
    attention_since: 'timestamptz?',
    attention_details: 'jsonb?',
    rewarded: 'jsonb',
    receipt: 'jsonb?',
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
    target: 'jsonb',
    reported: 'jsonb',
    operations: 'jsonb',
  },
});

/** Undefined when there is no such order. One statement, so that all parts are of one snapshot. */
export async function findOrder(reader: Reader, orderId: string): Promise<OrderView | undefined> {
  const rows = await findOrderStatement.rows(reader, [orderId]);
  return rows[0];
}
