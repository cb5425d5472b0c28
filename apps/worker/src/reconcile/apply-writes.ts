import {
  insertDrifts,
  insertOperationOutcomes,
  insertOperations,
  updateCharges,
} from '@cashback/cashback-db';
import type { Transaction } from '@cashback/postgres';
import type { OrderWrites } from './writes.ts';

/** Writes the rows of distinct orders whose locks the transaction holds. */
export async function applyWrites(tx: Transaction, writes: readonly OrderWrites[]): Promise<void> {
  await insertOperationOutcomes(
    tx,
    writes.flatMap(({ outcomes }) => outcomes),
  );
  await insertOperations(
    tx,
    writes.flatMap(({ operations }) => operations),
  );
  await insertDrifts(
    tx,
    writes.flatMap(({ drifts }) => drifts),
  );
  await updateCharges(
    tx,
    writes.flatMap(({ updates }) => updates),
  );
}
