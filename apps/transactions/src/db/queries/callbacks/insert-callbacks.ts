import { type Transaction, statement } from '@cashback/postgres';
import type { CallbackKind } from '../../tables.ts';

const insertCallbacksStatement = statement({
  name: 'transactions.insert-callbacks',
  text: `
  INSERT INTO transactions.callbacks (kind, payload)
  SELECT $1, payload::jsonb
    || jsonb_build_object('invoice_epoch', (SELECT max(epoch) FROM transactions.feed_epochs))
  FROM unnest($2::text[]) AS input (payload)`,
  columns: {},
});

/** Callbacks to deliver once the transaction has committed. Each carries the newest epoch. */
export async function insertCallbacks(
  tx: Transaction,
  kind: CallbackKind,
  payloads: readonly object[],
): Promise<void> {
  if (payloads.length === 0) return;
  await insertCallbacksStatement.run(tx.client, [kind, payloads.map((payload) => JSON.stringify(payload))]);
}
