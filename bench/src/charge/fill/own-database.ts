import { makeWorkerUtils } from 'graphile-worker';
import { withClient } from '../../database/with-client.ts';
import { createOrdersDatabase } from '../../register/fill/create-database.ts';

/** What the worker and its peers keep: the tables of orders, and a queue each. Returns its URL. */
export async function createOwnDatabase(serverUrl: string): Promise<string> {
  const url = await createOrdersDatabase(serverUrl, OWN_DATABASE);
  const utils = await makeWorkerUtils({ connectionString: url });
  await utils.migrate();
  await utils.release();
  return url;
}

export const OWN_DATABASE = 'cashback_bench_charge';

/** Nothing of what was measured before is left. */
export async function emptyOwnDatabase(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(
      `TRUNCATE cashback.order_clears, cashback.events, cashback.operations, cashback.operation_outcomes,
         cashback_jobs.job, graphile_worker._private_jobs`,
    );
  });
}
