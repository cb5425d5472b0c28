import type { BenchOrder } from '../fill/bench-order.ts';
import type { BenchRedis } from '../upstream/redis.ts';

/** A process that charges orders: the worker or one of its peers. */
export interface Contender {
  pid: number;
  /** Writes the jobs of stored orders, so that `begin` releases all of them at once. */
  prepare(orders: readonly BenchOrder[]): Promise<Prepared>;
  /** Makes one order due, and returns when its commit, or the equivalent of one, was requested. */
  enqueue(order: BenchOrder): Promise<{ committing_at: number }>;
  /** CPU time in microseconds beside its process and its Postgres. */
  moreCpu(): Promise<number>;
  stop(): Promise<void>;
}

export interface Prepared {
  /** Resolves when every order is settled. */
  begin(): Promise<void>;
}

export interface ContenderSetup {
  database_url: string;
  transactions: { url: string; token: string };
  /** The port for callbacks of ended operations, and the secret that signs them. */
  callbacks: { port: number; secret: string };
  redis: BenchRedis | null;
  log_folder: string;
  signal: AbortSignal;
}
