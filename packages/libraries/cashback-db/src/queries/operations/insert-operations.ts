import type { Source } from '@cashback/contract/source';
import { type Transaction, statement } from '@cashback/postgres';

/** One attempt to move an order's cashback to `reward`. Each repeat sends exactly these values again. */
export interface NewOperation {
  order_id: string;
  operation_id: string;
  revision: number;
  /** The epoch and version of the invoice's cashback that it was made from. */
  cashback_epoch: number;
  version: number;
  user_id: string;
  wallet_id: string;
  currency: string;
  reward: { source: Source; amount: string }[];
  /** How many operations of the order were made from that epoch and version before; null: an older release made it. */
  attempt: number | null;
}

const insertOperationsStatement = statement({
  name: 'cashback.insert-operations',
  text: `
  INSERT INTO cashback.operations
    (order_id, operation_id, revision, cashback_epoch, version, user_id, wallet_id, currency, reward, attempt)
  SELECT order_id, operation_id, revision, cashback_epoch, version, user_id, wallet_id, currency, reward::jsonb, attempt
  FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::integer[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::integer[])
    AS input (order_id, operation_id, revision, cashback_epoch, version, user_id, wallet_id, currency, reward, attempt)
  ON CONFLICT (order_id, operation_id) DO NOTHING`,
  columns: {},
});

// The revision is not compared: an operation is for its need, whichever revision has it.
const findOtherOperationsStatement = statement<{ order_id: string; operation_id: string }>({
  name: 'cashback.find-other-operations',
  text: `
  SELECT stored.order_id, stored.operation_id
  FROM cashback.operations AS stored
  JOIN unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS input (order_id, operation_id, cashback_epoch, version, user_id, wallet_id, currency, reward)
    ON input.order_id = stored.order_id AND input.operation_id = stored.operation_id
  WHERE stored.order_id = ANY($1::text[])
    AND (stored.cashback_epoch, stored.version, stored.user_id, stored.wallet_id, stored.currency, stored.reward)
      IS DISTINCT FROM
      (input.cashback_epoch, input.version, input.user_id, input.wallet_id, input.currency, input.reward::jsonb)`,
  columns: { order_id: 'text', operation_id: 'text' },
});

/**
 * Records the intents. Their requests leave after the commit, never before. One that is recorded already stays as it is;
 * throws when it is for something else.
 */
export async function insertOperations(tx: Transaction, operations: readonly NewOperation[]): Promise<void> {
  if (operations.length === 0) return;
  const inserted = await insertOperationsStatement.run(tx.client, [
    operations.map((operation) => operation.order_id),
    operations.map((operation) => operation.operation_id),
    operations.map((operation) => operation.revision),
    operations.map((operation) => operation.cashback_epoch),
    ...bodiesOf(operations),
    operations.map((operation) => operation.attempt),
  ]);
  if (inserted === operations.length) return;
  const [other] = await findOtherOperationsStatement.rows(tx.client, [
    operations.map((operation) => operation.order_id),
    operations.map((operation) => operation.operation_id),
    operations.map((operation) => operation.cashback_epoch),
    ...bodiesOf(operations),
  ]);
  if (other === undefined) return;
  throw new Error(`operation ${other.operation_id} of order ${other.order_id} is recorded with another body`);
}

function bodiesOf(operations: readonly NewOperation[]): unknown[][] {
  return [
    operations.map((operation) => operation.version),
    operations.map((operation) => operation.user_id),
    operations.map((operation) => operation.wallet_id),
    operations.map((operation) => operation.currency),
    operations.map((operation) => JSON.stringify(operation.reward)),
  ];
}
