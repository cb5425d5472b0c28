import type { AuditPlan, ChargeLimits } from '@cashback/core';
import type { Database, Jobs } from '@cashback/postgres';
import type { Log, Readiness } from '@cashback/service';
import type { Transactions } from './upstream/transactions.ts';

/** What the rooms of the worker share. */
export interface WorkerContext {
  database: Database;
  jobs: Jobs;
  transactions: Transactions;
  limits: ChargeLimits;
  audits: AuditPlan;
  log: Log;
  readiness: Readiness;
  /** Aborts when the worker stops: nothing new begins, what runs goes on. */
  stopping: AbortSignal;
}
