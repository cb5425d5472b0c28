import { openLargeDatabase } from './large-database.ts';
import type { FillOptions, OrdersDatabase } from './orders-database.ts';
import { openSmallDatabase } from './small-database.ts';

/** Up to this size a database is filled again for each measurement, so that earlier ones leave no trace. */
const smallOrders = 100_000;

export function openOrdersDatabase(options: FillOptions): Promise<OrdersDatabase> {
  return options.orders <= smallOrders ? openSmallDatabase(options) : openLargeDatabase(options);
}
