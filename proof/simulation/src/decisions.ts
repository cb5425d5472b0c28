import {
  type Charge,
  FIRST_PLACE,
  type LoadedOrder,
  chargeJob,
  chargeOf,
  endedToLoad,
  loadedOrderOf,
  newestEvents,
  pastOperationOf,
} from '@cashback/cashback-db';
import { isAtPlace, sumParts } from '@cashback/core';
import { refusedCall, unreachable } from '@cashback/client/client-error';
import { explainError } from '@cashback/contract/explain-error';
import { feedAnswerOf, isFeedError } from '@cashback/feeds';
import { noAnswer, refusalOf, toErrorAnswer } from '@cashback/service';
import * as server from '@cashback/server/decisions';
import * as processing from '@cashback/processing/decisions';
import * as transactions from '@cashback/transactions/decisions';
import * as wallet from '@cashback/wallet/decisions';
import { differenceOf } from '@cashback/operator/trust-difference';
import * as worker from '@cashback/worker/decisions';
import { type Flow, atomically } from './engine/flow.ts';

/**
 * Runs a transaction of the product: it locks rows, loads them, decides and writes, and enqueues the jobs of what it
 * wrote. The product does it in SQL, so a flow takes its place here.
 */
export type Transact<Rows> = <Result>(
  what: string,
  load: () => Rows,
  decideAndWrite: (rows: Rows) => Result,
  enqueue?: (written: Result) => void,
) => Flow<Result>;

/** Everything that is loaded under the lock is as of the lock, and jobs are committed with the rows. */
function* lockThenLoad<Rows, Result>(
  what: string,
  load: () => Rows,
  decideAndWrite: (rows: Rows) => Result,
  enqueue: (written: Result) => void = () => {},
): Flow<Result> {
  return yield* atomically(what, () => {
    const written = decideAndWrite(load());
    enqueue(written);
    return written;
  });
}

/**
 * The product's functions that the simulated apps run, grouped by app, and how the product's transactions lock. A
 * planted bug replaces one of them, and nothing else.
 */
export const PRODUCT = {
  server: { ...server, sumParts },
  processing: { ...processing },
  transactions: { ...transactions },
  wallet: { ...wallet },
  worker: { ...worker, FIRST_PLACE, chargeOf, endedToLoad, pastOperationOf },
  /** What the answer of a feed says, and whether its reader is still where it was. */
  feeds: { feedAnswerOf, isAtPlace, isFeedError },
  /** What a call over HTTP ends with. */
  http: { noAnswer, refusalOf, toErrorAnswer },
  /** What a call of the SDK ends with, by what the server answers. */
  sdk: { explainError, refusedCall, unreachable },
  operator: { differenceOf },
  database: {
    chargeJob,
    loadedOrderOf,
    newestEvents,
    register: lockThenLoad as Transact<LoadedOrder | null>,
    reconcile: lockThenLoad as Transact<Charge>,
  },
};

export type Decisions = typeof PRODUCT;
