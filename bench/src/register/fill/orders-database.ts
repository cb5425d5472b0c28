import type { IdForm } from '../order-ids.ts';

/** A database with a known number of orders, which measurements add to. */
export interface OrdersDatabase {
  orders: number;
  /** Before each measurement: leaves no job waiting. Returns the URL. */
  prepare(): Promise<string>;
  drop(): Promise<void>;
}

export interface FillOptions {
  server_url: string;
  orders: number;
  form: IdForm;
  /** Reuses the large database that an earlier run kept, and keeps it. */
  keep: boolean;
  /** Measures a large database right after a checkpoint each time. */
  after_checkpoint: boolean;
  report: (what: string) => void;
  signal: AbortSignal;
}
