import { dropDatabase } from '../../database/databases.ts';
import { withClient } from '../../database/with-client.ts';
import { createOrdersDatabase } from './create-database.ts';
import type { FillOptions, OrdersDatabase } from './orders-database.ts';
import { writeOrders } from './write-orders.ts';

/** A database that is filled again for each measurement. */
export async function openSmallDatabase(options: FillOptions): Promise<OrdersDatabase> {
  const { server_url, orders, form } = options;
  const name = `cashback_bench_${orders}_${form}`;
  const url = await createOrdersDatabase(server_url, name);
  return {
    orders,
    async prepare() {
      await withClient(url, async (client) => {
        await client.query('TRUNCATE cashback.order_clears, cashback.events, cashback_jobs.job');
        await writeOrders(client, { form, from: 1, to: orders });
        await client.query('VACUUM (ANALYZE) cashback.order_clears, cashback.events');
      });
      return url;
    },
    drop: () => dropDatabase(server_url, name),
  };
}
