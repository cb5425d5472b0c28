import type { IdForm } from '../order-ids.ts';
import { openLargeDatabase } from './large-database.ts';
import { openSmallDatabase } from './small-database.ts';

/** A database with so many orders in it, which measurements add to. */
export interface OrdersDatabase {
  orders: number;
  /** Before each measurement: no job waits. Returns the URL. */
  prepare(): Promise<string>;
  drop(): Promise<void>;
}

export interface FillOptions {
  server_url: string;
  orders: number;
  form: IdForm;
  /** Takes the large database that an earlier run kept, and keeps it. */
  keep: boolean;
  /** Each measurement of a large one right after a checkpoint. */
  after_checkpoint: boolean;
  report: (what: string) => void;
  signal: AbortSignal;
}

/** As many as are filled anew for each measurement, so that those before it leave no trace. */
const smallOrders = 100_000;

export function openOrdersDatabase(options: FillOptions): Promise<OrdersDatabase> {
  return options.orders <= smallOrders ? openSmallDatabase(options) : openLargeDatabase(options);
}
