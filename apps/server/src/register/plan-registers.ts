import type { ChargeJob, LoadedOrder, NewEvent, NewOrder, OrderUpdate } from '@cashback/cashback-db';
import type { CashbackError, RegisterInput, RegisterOutput } from '@cashback/contract';
import { type DecidedCall, decideCall, decideLocked, isLockable } from './decide-call.ts';
import { type BreakerBounds, type Growing, growingOf } from './decide-holds.ts';
import { answerOf } from './register-answer.ts';
import { newOrderOf, writesOf } from './register-writes.ts';

/*
 * All that a transaction of registers decides between its statements. `registerOrders` and the simulation load what these
 * take, and apply what they return.
 */

/** How the orders of the calls are locked. */
export interface LockPlan {
  /** Each call, decided as the first one of its order. */
  first: DecidedCall[];
  /** Orders that are locked only if they exist, as their calls must not make a row. */
  if_known: string[];
}

export function planLocks(inputs: readonly RegisterInput[]): LockPlan {
  const first = inputs.map((input) => decideCall(input, null));
  const unlockable = first.filter((call) => !isLockable(call, false));
  return { first, if_known: unlockable.map(({ input }) => input.order_id) };
}

/** The rows whose insert locks the orders: it writes those that are new. `known` are those of `if_known` that exist. */
export function rowsToLock({ first }: LockPlan, known: ReadonlySet<string>): NewOrder[] {
  return first.filter((call) => isLockable(call, known.has(call.input.order_id))).map(newOrderOf);
}

/** The orders of the calls under their locks. One that is neither written nor stored was not to be locked. */
export interface LockedOrders {
  /** Those whose rows the transaction wrote. */
  created: ReadonlySet<string>;
  stored: ReadonlyMap<string, LoadedOrder>;
}

/** What the transaction writes beside the rows of new orders, in the order in which it is written, and its answers. */
export interface RegisterPlan {
  updates: OrderUpdate[];
  resumes: string[];
  events: NewEvent[];
  jobs: ChargeJob[];
  /** What is counted last, and given to `decideHolds` with the windows that it is counted in. */
  growing: Growing[];
  /** In the order of the calls. */
  answers: (RegisterOutput | CashbackError)[];
  decided: DecidedCall[];
}

export function planRegisters(
  { first }: LockPlan,
  { created, stored }: LockedOrders,
  bounds: BreakerBounds,
): RegisterPlan {
  const decided = first.map((call) => {
    const { order_id } = call.input;
    return decideLocked(call, stored.get(order_id) ?? null, created.has(order_id));
  });
  return planDecided(decided, bounds);
}

/** What decided calls write and answer. */
export function planDecided(decided: DecidedCall[], bounds: BreakerBounds): RegisterPlan {
  const writes = decided.map(writesOf);
  return {
    updates: present(writes.map(({ update }) => update)),
    resumes: present(writes.map(({ resume }) => resume)),
    events: writes.flatMap(({ events }) => events),
    jobs: present(writes.map(({ job }) => job)),
    growing: growingOf(decided, bounds),
    answers: decided.map(answerOf),
    decided,
  };
}

function present<Value>(values: readonly (Value | null)[]): Value[] {
  return values.filter((value) => value !== null);
}
