import { type Transaction, statement } from '@cashback/postgres';
import type { FoundCause } from '../../../record/attention-cause.ts';

const updateCausesStatement = statement({
  name: 'processing.update-causes',
  text: `
  UPDATE processing.invoice_changes AS stored SET
    attention_code = input.code,
    attention_details = input.details::jsonb,
    attention_since = CASE
      WHEN input.is_first OR stored.attention_code IS DISTINCT FROM input.code THEN now()
      ELSE coalesce(stored.attention_since, now())
    END
  FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) AS input (order_id, code, details, is_first)
  WHERE stored.order_id = input.order_id`,
  columns: {},
});

/** Writes causes of orders whose rows the transaction has locked, each at most once. */
export async function updateCauses({ client }: Transaction, causes: readonly FoundCause[]): Promise<void> {
  if (causes.length === 0) return;
  await updateCausesStatement.run(client, [
    causes.map(({ order_id }) => order_id),
    causes.map(({ code }) => code),
    causes.map(({ details }) => JSON.stringify(details)),
    causes.map(({ is_first }) => is_first),
  ]);
}
