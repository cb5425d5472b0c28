import type { ChargeLimits } from '@cashback/core';
import type { Database, Jobs } from '@cashback/postgres';
import type { HttpClient, Log } from '@cashback/service';

/** What the parts of the worker share. */
export interface WorkerContext {
  database: Database;
  jobs: Jobs;
  transactions: HttpClient;
  limits: ChargeLimits;
  log: Log;
  /** Aborts when the worker is told to stop: nothing new is begun, what runs goes on. */
  stopping: AbortSignal;
  /** Aborts when that took too long: gives up the calls that run. */
  givingUp: AbortSignal;
}
