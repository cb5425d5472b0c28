import type { BenchOrder } from '../fill/bench-order.ts';
import type { BenchRedis } from '../upstream/redis.ts';

/** Whoever charges orders, in a process of its own. */
export interface Contender {
  pid: number;
  /** Writes the jobs of the orders, whose rows are there, so that `begin` sets all of them free at once. */
  prepare(orders: readonly BenchOrder[]): Promise<Prepared>;
  /** Makes one order due, and says when its commit, or what stands for one, was asked for. */
  enqueue(order: BenchOrder): Promise<{ committing_at: number }>;
  /** CPU time, in microseconds, of what it needs beside its process and its Postgres. */
  moreCpu(): Promise<number>;
  stop(): Promise<void>;
}

export interface Prepared {
  /** Resolves when every order is settled. */
  begin(): Promise<void>;
}

export interface ContenderPlace {
  database_url: string;
  transactions: { url: string; token: string };
  /** Where the worker hears of ended operations, and what signs those callbacks. */
  callbacks: { port: number; secret: string };
  redis: BenchRedis | null;
  log_folder: string;
  signal: AbortSignal;
}
