import type { Database } from '@cashback/postgres';

/** What the routes share. */
export interface Context {
  database: Database;
  /** How long a callback is held back at most, where settings ask for it. */
  hold_back_ms: number;
  /** There are new callbacks: send them now. */
  wakeCallbacks: () => void;
}
