import type { Database } from '@cashback/postgres';
import type { Receiver } from './db/tables.ts';

/** The receivers of a callback of each movement, and how it may be held back. */
export interface CallbackPlan {
  receivers: readonly Receiver[];
  /** The longest time a callback is held back, where the settings ask for reordering. */
  hold_back_ms: number;
}

/** What the routes share. */
export interface Context {
  database: Database;
  callbacks: CallbackPlan;
  /** Sends new callbacks now instead of at the next interval. */
  wakeCallbacks: () => void;
}
