import type { Database } from '@cashback/postgres';

/** What the routes share. */
export interface Context {
  database: Database;
  /** The longest time a callback is held back, where the settings ask for reordering. */
  hold_back_ms: number;
  /** Sends new callbacks now instead of at the next interval. */
  wakeCallbacks: () => void;
}
