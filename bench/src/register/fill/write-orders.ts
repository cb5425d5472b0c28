import type { Client } from 'pg';
import { HIGHEST_HALF, type IdForm, LOWEST_HALF } from '../order-ids.ts';

/** A random number of 16 digits, used once per row because each use draws another number. */
const randomHalf = `(${LOWEST_HALF} + floor(random() * ${HIGHEST_HALF - LOWEST_HALF}))::bigint::text`;
/** Past orders, 100 microseconds apart, from 2001 on. */
const orderedHalf = `(${LOWEST_HALF} + n * 100)::text`;

/** Inserts settled orders of two sources with their two events; `n` numbers them. */
export const writeOrdersText = (form: IdForm): string => `
  WITH input AS MATERIALIZED (
    SELECT ${form === 'random' ? randomHalf : orderedHalf} || ${randomHalf} AS order_id,
      (100000000 + floor(random() * 899999999))::bigint::text AS user_id,
      100 + n % 9900 AS cleared, 1 + n % 50 AS of_user, 1 + n / 50 % 50 AS of_service
    FROM generate_series($1::bigint, $2::bigint) AS n
  ), written AS (
    INSERT INTO cashback.order_clears
      (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision,
       settled_revision, rewarded)
    SELECT order_id, 'yellow', user_id, user_id, 'USD', 1, cleared, of_user + of_service, 1, 1,
      jsonb_build_array(
        jsonb_build_object('source', 'user', 'amount', of_user || '.0000'),
        jsonb_build_object('source', 'service', 'amount', of_service || '.0000'))
    FROM input
  )
  INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
  SELECT order_id, source, value, 1, 1
  FROM input CROSS JOIN LATERAL (VALUES ('user', of_user), ('service', of_service)) AS part (source, value)`;

/** Writes the orders with these numbers, in one statement. */
export async function writeOrders(
  client: Client,
  { form, from, to }: { form: IdForm; from: number; to: number },
): Promise<void> {
  await client.query(writeOrdersText(form), [from, to]);
}
