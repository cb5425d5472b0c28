import type { Part, Way } from './ways.ts';

export interface ChargeOptions {
  parts: readonly Part[];
  ways: readonly Way[];
  rounds: number;
  /** Orders of one measurement. */
  orders: number;
  /** Jobs of one measurement of the queue part. */
  jobs: number;
  /** Lone jobs of one way per round. */
  samples: number;
  /** Orders that wait before the worker starts; 0 skips the backlog. */
  queued: number;
  /** Settles against a stand-in instead of `transactions` and Trust. */
  stand_in: boolean;
  database_url: string | undefined;
  redis_url: string | undefined;
  report: (what: string) => void;
  signal: AbortSignal;
}
