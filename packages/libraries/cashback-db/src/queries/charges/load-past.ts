import { type AmountsBySource, type Source, parseAmounts } from '@cashback/contract/source';
import type { PastOperation as PastOfCore } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';
import type { NewOperation } from '../operations/insert-operations.ts';
import type { NewOperationOutcome } from '../operations/insert-operation-outcomes.ts';
import { NEWEST_OPERATIONS, OPERATION_TYPES } from './newest-operations.ts';

/** An operation that is recorded here, and how it ended. */
export interface PastOperation extends PastOfCore, Pick<NewOperation, 'revision' | 'attempt'> {}

/** The recorded operations of an order whose invoice may have lost some. */
export interface Past {
  operations: PastOperation[];
  /** The order has older ones that were not loaded. */
  has_older: boolean;
  /** When this schema was restored last; null: it never was. */
  restored_at: Date | null;
}

/** How many operations of an order are loaded. One that a payment system refused for weeks has more. */
const MOST = 500;

const loadPastStatement = statement<PastRow & { order_id: string }>({
  name: 'cashback.load-past',
  text: `
  SELECT stored.order_id, sent.operation_id, sent.revision, sent.cashback_epoch, sent.version, sent.user_id,
    sent.wallet_id, sent.currency, sent.reward, sent.attempt, sent.created_at, ended.outcome, ended.rewarded
  FROM cashback.order_clears AS stored
  CROSS JOIN LATERAL (${NEWEST_OPERATIONS}
  ) AS sent
  LEFT JOIN cashback.operation_outcomes AS ended
    ON ended.order_id = stored.order_id AND ended.operation_id = sent.operation_id
  WHERE stored.order_id = ANY($1::text[])`,
  columns: {
    ...OPERATION_TYPES,
    created_at: 'timestamptz',
    outcome: 'text?',
    rewarded: 'jsonb?',
  },
});

const loadRestoredStatement = statement<{ restored_at: Date | null }>({
  name: 'cashback.load-restored',
  text: `
  SELECT max(started_at) AS restored_at FROM cashback.feed_epochs
  WHERE epoch > (SELECT min(epoch) FROM cashback.feed_epochs)`,
  columns: { restored_at: 'timestamptz?' },
});

export interface PastRow extends Omit<NewOperation, 'order_id'> {
  created_at: Date;
  outcome: NewOperationOutcome['outcome'] | null;
  rewarded: { source: Source; amount: string }[] | null;
}

export function pastOperationOf({ reward, rewarded, ...row }: PastRow): PastOperation {
  const amounts: AmountsBySource | null = rewarded && parseAmounts(rewarded);
  return { ...row, reward: parseAmounts(reward), rewarded: amounts };
}

/** By order. The transaction holds the locks of the orders. */
export async function loadPast(tx: Transaction, orderIds: readonly string[]): Promise<Map<string, Past>> {
  if (orderIds.length === 0) return new Map();
  const rows = await loadPastStatement.rows(tx.client, [orderIds, MOST + 1]);
  const [restored] = await loadRestoredStatement.rows(tx.client, []);
  const restored_at = restored?.restored_at ?? null;
  const past = new Map<string, Past>(
    orderIds.map((orderId) => [orderId, { operations: [], has_older: false, restored_at }]),
  );
  for (const { order_id, ...row } of rows) {
    const of = past.get(order_id);
    if (of === undefined) continue;
    // Newest first: the one beyond the bound only says that there are more.
    if (of.operations.length === MOST) of.has_older = true;
    else of.operations.push(pastOperationOf(row));
  }
  return past;
}
