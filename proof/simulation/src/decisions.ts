import type { Charge } from '@cashback/cashback-db';
import { decideAnswer } from '@cashback/core';
import { decideStep, isAtRest } from '@cashback/worker/decisions';
import { type Flow, atomically } from './engine/flow.ts';

/**
 * Runs a transaction of the product: it locks rows, loads them, decides and writes. The product does it in SQL, so a
 * flow takes its place here.
 */
export type Transact<Rows> = <Result>(
  what: string,
  load: () => Rows,
  decideAndWrite: (rows: Rows) => Result,
) => Flow<Result>;

/** Everything that is loaded under the lock is as of the lock. */
export function* lockThenLoad<Rows, Result>(
  what: string,
  load: () => Rows,
  decideAndWrite: (rows: Rows) => Result,
): Flow<Result> {
  return yield* atomically(what, () => decideAndWrite(load()));
}

/**
 * The product's functions that the simulated apps run, grouped by app, and how the product's transactions lock. A
 * planted bug replaces one of them, and nothing else.
 */
export const PRODUCT = {
  worker: { decideStep, decideAnswer, isAtRest },
  database: { reconcile: lockThenLoad as Transact<Charge> },
};

export type Decisions = typeof PRODUCT;
