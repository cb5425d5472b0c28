import type { DriftClass, DriftFinder } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';
import type { Carried } from '../../tables/drifts.ts';

/** A difference between a settled order and its invoice. */
export interface NewDrift {
  order_id: string;
  class: DriftClass;
  before: Carried;
  after: Carried;
  found_by: DriftFinder;
  healed: boolean;
}

const insertDriftsStatement = statement({
  name: 'cashback.insert-drifts',
  text: `
  INSERT INTO cashback.drifts (order_id, class, before, after, found_by, healed)
  SELECT order_id, class, before::jsonb, after::jsonb, found_by, healed
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
    AS input (order_id, class, before, after, found_by, healed)`,
  columns: {},
});

/** Writes down what was found, in the transaction that acts on it. */
export async function insertDrifts(tx: Transaction, drifts: readonly NewDrift[]): Promise<void> {
  if (drifts.length === 0) return;
  await insertDriftsStatement.run(tx.client, [
    drifts.map((drift) => drift.order_id),
    drifts.map((drift) => drift.class),
    drifts.map(({ before }) => JSON.stringify(before)),
    drifts.map(({ after }) => JSON.stringify(after)),
    drifts.map((drift) => drift.found_by),
    drifts.map((drift) => drift.healed),
  ]);
}
