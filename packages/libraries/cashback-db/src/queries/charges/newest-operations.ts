import type { ColumnsOf } from '@cashback/postgres';
import type { NewOperation } from '../operations/insert-operations.ts';

/** Of each order `stored` its newest operations, from the end of an index: an order that is tried for weeks has thousands. */
export const NEWEST_OPERATIONS = `
  SELECT operation_id, revision, cashback_epoch, version, user_id, wallet_id, currency, reward, attempt, created_at
  FROM cashback.operations
  WHERE operations.order_id = stored.order_id
  ORDER BY cashback_epoch DESC, version DESC, attempt DESC NULLS LAST
  LIMIT $2`;

/** The columns of an operation as it was sent. */
export const OPERATION_TYPES: ColumnsOf<NewOperation> = {
  order_id: 'text',
  operation_id: 'text',
  revision: 'int4',
  cashback_epoch: 'int4',
  version: 'int4',
  user_id: 'text',
  wallet_id: 'text',
  currency: 'text',
  reward: 'jsonb',
  attempt: 'int4?',
};
