import type { Source } from '@cashback/contract/source';
import { type Transaction, statement } from '@cashback/postgres';

/** One attempt to move an order's cashback to `reward`. Each repeat sends exactly these values again. */
export interface NewOperation {
  order_id: string;
  operation_id: string;
  revision: number;
  version: number;
  user_id: string;
  wallet_id: string;
  currency: string;
  reward: { source: Source; amount: string }[];
}

const insertOperationsStatement = statement({
  name: 'cashback.insert-operations',
  text: `
  INSERT INTO cashback.operations
    (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward)
  SELECT order_id, operation_id, revision, version, user_id, wallet_id, currency, reward::jsonb
  FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS input (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward)`,
  columns: {},
});

/** Records the intents. Their requests leave after the commit, never before. */
export async function insertOperations(tx: Transaction, operations: readonly NewOperation[]): Promise<void> {
  if (operations.length === 0) return;
  await insertOperationsStatement.run(tx.client, [
    operations.map((operation) => operation.order_id),
    operations.map((operation) => operation.operation_id),
    operations.map((operation) => operation.revision),
    operations.map((operation) => operation.version),
    operations.map((operation) => operation.user_id),
    operations.map((operation) => operation.wallet_id),
    operations.map((operation) => operation.currency),
    operations.map((operation) => JSON.stringify(operation.reward)),
  ]);
}
