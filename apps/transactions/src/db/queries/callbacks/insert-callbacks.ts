import type { Transaction } from '@cashback/postgres';
import type { CallbackKind } from '../../tables.ts';

const text = `
  INSERT INTO transactions.callbacks (kind, payload)
  SELECT $1, payload::jsonb FROM unnest($2::text[]) AS input (payload)`;

/** Callbacks to deliver once the transaction has committed. */
export async function insertCallbacks(
  tx: Transaction,
  kind: CallbackKind,
  payloads: readonly object[],
): Promise<void> {
  if (payloads.length === 0) return;
  await tx.client.query({
    name: 'transactions.insert-callbacks',
    text,
    values: [kind, payloads.map((payload) => JSON.stringify(payload))],
  });
}
