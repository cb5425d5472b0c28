import type { CashbackStatus } from '@cashback/contract';
import { type Vector, equalVectors } from '@cashback/contract/source';

/** The cashback part of an invoice, as `transactions` says it now; `operations` are the newest ones only. */
export interface ObservedCashback {
  version: number;
  status: CashbackStatus;
  rewarded: Vector;
  operations: { operation_id: string; status: CashbackStatus; reward: Vector; reason?: string }[];
}

/** An operation of ours that is not known to be finished or rejected; `version` is the cashback version it was sent with. */
export interface OpenOperation {
  operation_id: string;
  revision: number;
  reward: Vector;
  version: number;
}

export interface ChargeLimits {
  /** Shortest and longest wait between two polls. */
  poll_base_ms: number;
  poll_max_ms: number;
  /** Wait after the first failed operation of a revision, doubled for each further one, and the longest. */
  failure_base_ms: number;
  failure_max_ms: number;
  /** With so many failed operations of one revision the order needs attention. */
  max_failures: number;
  /** What is in flight, or failed, for an order that is not settled for longer needs attention. */
  attention_after_ms: number;
}

export interface ChargeInput {
  target: Vector;
  revision: number;
  cashback: ObservedCashback;
  operation: OpenOperation | null;
  /** The highest cashback version that an operation of ours was sent with which is known to have ended; null: none is. */
  ended_version: number | null;
  /** Operations of this revision that are recorded as failed. */
  failures: { count: number; last_at: Date | null };
  unsettled_since: Date;
  now: Date;
  limits: ChargeLimits;
}

/** How an operation of ours ended, by the word of `transactions`. */
export type Finished = { operation_id: string; outcome: 'applied' | 'failed'; reason: string | null };

/**
 * `in_flight`: our operation. `other_in_flight`: somebody else's. `backoff`: the last one failed. `stale`: the answer
 * shows the invoice as it was before an operation that is known to have ended.
 */
export type PollReason = 'in_flight' | 'other_in_flight' | 'backoff' | 'stale';

/**
 * What to do next for an order; `finished` is recorded with it, whatever it is.
 * - `settled`: rewarded is the target, and nothing is in flight;
 * - `update`: send `repeat` again, the same id and body, or a new operation for the target; `version` is the one to send;
 * - `poll`: look again after so long;
 * - `needs_attention`: a person has to look, `reason` says at what.
 */
export type ChargeDecision =
  | { action: 'settled'; finished: Finished | null }
  | { action: 'update'; finished: Finished | null; repeat: OpenOperation | null; version: number }
  | { action: 'poll'; finished: Finished | null; after_ms: number; why: PollReason }
  | { action: 'needs_attention'; finished: Finished | null; reason: string };

/** An operation's reason starts with it when a refund would take the wallet below zero and the service forbids that. */
export const WALLET_FORBIDS_NEGATIVE = 'wallet_forbids_negative';

/**
 * What the queue `cashback_charge_processing` does: compare what the order should carry with what its invoice carries.
 *
 * An open operation of ours is followed to its end before anything new: it is never replaced, only repeated with the
 * same id and body. Only then the invoice is looked at: in flight is polled; `success` with the target is settled;
 * all else is updated again, with a growing wait after each failure. `failed` with the target is updated too: the empty
 * plan succeeds, and the invoice ends in `success`.
 *
 * An answer out of the past decides nothing: it may show the target of now as rewarded, which was taken back since.
 *
 * What is in flight and does not end in time needs attention, and so does what goes on failing. Age alone stops nothing:
 * an order whose target was never tried is updated, and an operation that may never have arrived is repeated, however
 * long that was impossible.
 */
export function decideCharge(input: ChargeInput): ChargeDecision {
  if (isStale(input)) return waitForNews(input);
  return input.operation === null
    ? decideWithoutOperation(input, null)
    : followOperation(input, input.operation);
}

/** Accepting an operation moves the invoice's cashback beyond the version that the operation was sent with. */
function isStale({ cashback, ended_version }: ChargeInput): boolean {
  return ended_version !== null && cashback.version <= ended_version;
}

function waitForNews(input: ChargeInput): ChargeDecision {
  const overdue = overdueReason(input);
  if (overdue === null) return { action: 'poll', finished: null, after_ms: pollDelay(input), why: 'stale' };
  const reason =
    `the invoice shows cashback version ${input.cashback.version}, but an operation sent with version ` +
    `${input.ended_version} has ended: ${overdue}`;
  return { action: 'needs_attention', finished: null, reason };
}

function followOperation(input: ChargeInput, operation: OpenOperation): ChargeDecision {
  const { operation_id } = operation;
  const found = input.cashback.operations.find((candidate) => candidate.operation_id === operation_id);
  if (found && !equalVectors(found.reward, operation.reward)) {
    const reason = `operation ${operation_id} carries another reward at transactions than the one it was sent with`;
    return { action: 'needs_attention', finished: null, reason };
  }
  if (found?.status === 'success' || found?.status === 'failed') {
    const outcome = found.status === 'success' ? 'applied' : 'failed';
    return decideWithoutOperation(input, { operation_id, outcome, reason: found.reason ?? null });
  }
  // It never arrived, or it ended long ago and left the list: its id tells which, and a repeat is harmless.
  if (!found) return { action: 'update', finished: null, repeat: operation, version: operation.version };
  const overdue = overdueReason(input);
  if (overdue !== null) {
    const reason = `operation ${operation_id} is not known to be finished: ${overdue}`;
    return { action: 'needs_attention', finished: null, reason };
  }
  return { action: 'poll', finished: null, after_ms: pollDelay(input), why: 'in_flight' };
}

function decideWithoutOperation(input: ChargeInput, finished: Finished | null): ChargeDecision {
  const { cashback } = input;
  const inFlight = cashback.status === 'init' || cashback.status === 'in-progress';
  if (cashback.status === 'success' && equalVectors(cashback.rewarded, input.target)) {
    return { action: 'settled', finished };
  }

  const failures = countFailures(input, finished);
  // While somebody's operation is unfinished the failures before it decide nothing, only time does.
  const reason = inFlight ? overdueReason(input) : failureReason(input, failures);
  if (reason !== null) return { action: 'needs_attention', finished, reason };
  if (inFlight) return { action: 'poll', finished, after_ms: pollDelay(input), why: 'other_in_flight' };

  const after_ms = failureDelay(failures, input);
  if (after_ms > 0) return { action: 'poll', finished, after_ms, why: 'backoff' };
  return { action: 'update', finished, repeat: null, version: cashback.version };
}

interface Failures {
  count: number;
  last_at: Date | null;
  /** Why the operation that has just been found finished failed; null when none was, or it says nothing. */
  reason: string | null;
}

/** The recorded failures of this revision and the one that is found now. One of an older revision does not count. */
function countFailures(
  { failures, operation, revision, now }: ChargeInput,
  finished: Finished | null,
): Failures {
  if (finished?.outcome !== 'failed') return { ...failures, reason: null };
  if (operation?.revision !== revision) return { ...failures, reason: null };
  return { count: failures.count + 1, last_at: now, reason: finished.reason };
}

function failureReason(input: ChargeInput, { count, reason }: Failures): string | null {
  if (reason?.startsWith(WALLET_FORBIDS_NEGATIVE)) return reason;
  if (count === 0) return null;
  if (count < input.limits.max_failures) return overdueReason(input);
  return `${count} operations of this revision failed${reason === null ? '' : `, the last one with: ${reason}`}`;
}

function overdueReason({ unsettled_since, now, limits }: ChargeInput): string | null {
  if (now.getTime() - unsettled_since.getTime() <= limits.attention_after_ms) return null;
  return `not settled since ${unsettled_since.toISOString()}`;
}

/** As long as the order has been unsettled, within its limits: each wait doubles that time, so the waits double. */
function pollDelay({ unsettled_since, now, limits }: ChargeInput): number {
  const unsettled_ms = now.getTime() - unsettled_since.getTime();
  return Math.min(limits.poll_max_ms, Math.max(limits.poll_base_ms, unsettled_ms));
}

/** What is left of the wait after the last failure; 0 when it is over. */
function failureDelay({ count, last_at }: Failures, { now, limits }: ChargeInput): number {
  if (count === 0 || last_at === null) return 0;
  const wait_ms = Math.min(limits.failure_max_ms, limits.failure_base_ms * 2 ** Math.min(count - 1, 30));
  const waited_ms = Math.max(0, now.getTime() - last_at.getTime());
  return Math.max(0, wait_ms - waited_ms);
}
