import { type Reader, statement } from '@cashback/postgres';

/** A change of an order's cashback at `transactions`, and the operation that made it. */
export interface CashbackVersion {
  order_id: string;
  cashback_epoch: number;
  cashback_version: number;
  /** Null: no operation made it. */
  operation_id: string | null;
}

/** A change that none of our operations made. */
export interface ForeignChange extends Omit<CashbackVersion, 'operation_id'> {
  /** This version, or a newer one, was observed. */
  is_observed: boolean;
}

const findForeignChangesStatement = statement<ForeignChange>({
  name: 'cashback.find-foreign-changes',
  text: `
  SELECT DISTINCT ON (stored.order_id) stored.order_id, input.cashback_epoch, input.cashback_version,
    (stored.cashback_epoch, stored.cashback_version) >= (input.cashback_epoch, input.cashback_version) AS is_observed
  FROM unnest($1::text[], $2::integer[], $3::integer[], $4::text[])
    AS input (order_id, cashback_epoch, cashback_version, operation_id)
  JOIN cashback.order_clears AS stored ON stored.order_id = input.order_id
  LEFT JOIN cashback.operations AS ours
    ON ours.order_id = input.order_id AND ours.operation_id = input.operation_id
  WHERE ours.order_id IS NULL
  ORDER BY stored.order_id, input.cashback_epoch DESC, input.cashback_version DESC`,
  columns: {
    order_id: 'text',
    cashback_epoch: 'int4!',
    cashback_version: 'int4!',
    is_observed: 'bool!',
  },
});

/** The changes that none of our operations made, the newest of each order that exists here. */
export async function findForeignChanges(
  reader: Reader,
  changes: readonly CashbackVersion[],
): Promise<ForeignChange[]> {
  if (changes.length === 0) return [];
  return findForeignChangesStatement.rows(reader, [
    changes.map(({ order_id }) => order_id),
    changes.map(({ cashback_epoch }) => cashback_epoch),
    changes.map(({ cashback_version }) => cashback_version),
    changes.map(({ operation_id }) => operation_id),
  ]);
}
