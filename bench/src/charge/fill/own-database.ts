import { makeWorkerUtils } from 'graphile-worker';
import { withClient } from '../../database/with-client.ts';
import { createOrdersDatabase } from '../../register/fill/create-database.ts';
import { createIds } from '../../register/order-ids.ts';
import { benchOrder } from './bench-order.ts';
import { writeOrders } from './write-orders.ts';

/** Creates the database of the worker and its peers: the tables of orders, and a queue each. Returns its URL. */
export async function createOwnDatabase(serverUrl: string): Promise<string> {
  const url = await createOrdersDatabase(serverUrl, OWN_DATABASE);
  const utils = await makeWorkerUtils({ connectionString: url });
  await utils.migrate();
  await utils.release();
  return url;
}

export const OWN_DATABASE = 'cashback_bench_charge';

/** Settled orders from before, so that the planner's statistics resemble those of tables in use. */
export const PAST_ORDERS = 10_000;

const settleText = [
  `INSERT INTO cashback.operations (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward)
   SELECT order_id, gen_random_uuid(), 1, 0, user_id, wallet_id, currency,
     (SELECT jsonb_agg(jsonb_build_object('source', source, 'amount', value::text) ORDER BY source DESC)
      FROM cashback.events WHERE events.order_id = stored.order_id)
   FROM cashback.order_clears AS stored`,
  `INSERT INTO cashback.operation_outcomes (order_id, operation_id, outcome, rewarded)
   SELECT order_id, operation_id, 'applied', reward FROM cashback.operations`,
  `UPDATE cashback.order_clears AS stored SET settled_revision = 1, rewarded = reward
   FROM cashback.operations WHERE operations.order_id = stored.order_id`,
  'VACUUM (ANALYZE) cashback.order_clears, cashback.events, cashback.operations, cashback.operation_outcomes',
];

/** Removes all that was measured before, and fills in the settled orders. */
export async function renewOwnDatabase(url: string): Promise<void> {
  const nextId = createIds('random');
  await withClient(url, async (client) => {
    await client.query(
      `TRUNCATE cashback.order_clears, cashback.events, cashback.operations, cashback.operation_outcomes,
         cashback_jobs.job, graphile_worker._private_jobs`,
    );
    await writeOrders(
      client,
      Array.from({ length: PAST_ORDERS }, () => benchOrder(nextId())),
    );
    for (const text of settleText) await client.query(text);
  });
}
