import type { CashbackStatus } from '@cashback/wire';
import { type AmountsBySource, equalAmounts } from '@cashback/contract/source';

/** The cashback part of an invoice, as `transactions` says it now; `operations` are the newest ones only. */
export interface ObservedCashback {
  version: number;
  status: CashbackStatus;
  rewarded: AmountsBySource;
  operations: { operation_id: string; status: CashbackStatus; reward: AmountsBySource; reason?: string }[];
}

/** An operation of ours that is not known to be finished or rejected; `version` is the cashback version it was sent with. */
export interface OpenOperation {
  operation_id: string;
  revision: number;
  reward: AmountsBySource;
  version: number;
}

export interface ChargeLimits {
  /** Shortest and longest wait between two polls. */
  poll_base_ms: number;
  poll_max_ms: number;
  /** Shortest wait until an operation of ours that was sent is asked about: a callback tells of its end before. */
  in_flight_poll_ms: number;
  /** Wait after the first vain attempt for a revision, doubled for each further one, and the longest. */
  failure_base_ms: number;
  failure_max_ms: number;
  /** With so many vain attempts of one kind for one revision the order needs attention. */
  max_failures: number;
  /** What is in flight, or vain, for an order that is not settled for longer needs attention. */
  attention_after_ms: number;
}

/** Operations of one revision that have ended, by how: none of them settled it. */
export interface Attempts {
  failed: number;
  /** Of our operations that brought the target, and yet the invoice carries something else. */
  applied: number;
  rejected: number;
  last_at: Date | null;
}

/** What tells how long an order waits already. */
export interface Waiting {
  unsettled_since: Date;
  /** For how long of that time `transactions` was away: that is not the order's fault. */
  downtime_ms: number;
  now: Date;
}

export interface ChargeInput extends Waiting {
  target: AmountsBySource;
  revision: number;
  cashback: ObservedCashback;
  operation: OpenOperation | null;
  /** The highest cashback version that the invoice is known to have reached; 0: none is. */
  cashback_version: number;
  /** Those that are recorded, of this revision. */
  attempts: Attempts;
  limits: ChargeLimits;
}

/** How an operation of ours ended, by the word of `transactions`. */
export type Finished = { operation_id: string; outcome: 'applied' | 'failed'; reason: string | null };

/**
 * `in_flight`: our operation. `other_in_flight`: somebody else's. `backoff`: the last attempt was in vain. `stale`: the
 * answer shows the invoice as it was before what is known of it.
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

/** So many rejections of a revision are followed by another operation at once: it was made from an older version. */
const REJECTIONS_AT_ONCE = 3;

/**
 * What the queue `cashback_charge_processing` does: compare what the order should carry with what its invoice carries.
 *
 * An open operation of ours is followed to its end before anything new: it is never replaced, only repeated with the
 * same id and body. Only then the invoice is looked at: in flight is polled; `success` with the target is settled;
 * all else is updated again, with a growing wait after each vain attempt. `failed` with the target is updated too: the
 * empty plan succeeds, and the invoice ends in `success`.
 *
 * An answer out of the past decides nothing: it may show the target of now as rewarded, which was taken back since.
 *
 * What is in flight and does not end in time needs attention, and so does what is tried in vain again and again, and an
 * invoice that contradicts itself. Age alone stops nothing: an order whose target was never tried is updated, and an
 * operation that may never have arrived is repeated, however long that was impossible.
 */
export function decideCharge(input: ChargeInput): ChargeDecision {
  if (input.cashback.version < input.cashback_version) return waitForNews(input);
  return input.operation === null
    ? decideWithoutOperation(input, null)
    : followOperation(input, input.operation);
}

function waitForNews(input: ChargeInput): ChargeDecision {
  const overdue = overdueReason(input, input.limits);
  if (overdue === null) {
    return { action: 'poll', finished: null, after_ms: pollDelay(input, input.limits), why: 'stale' };
  }
  const reason =
    `the invoice shows cashback version ${input.cashback.version}, and version ${input.cashback_version} ` +
    `was reached before: ${overdue}`;
  return { action: 'needs_attention', finished: null, reason };
}

function followOperation(input: ChargeInput, operation: OpenOperation): ChargeDecision {
  const { operation_id } = operation;
  const found = input.cashback.operations.find((candidate) => candidate.operation_id === operation_id);
  if (found && !equalAmounts(found.reward, operation.reward)) {
    const reason = `operation ${operation_id} carries another reward at transactions than the one it was sent with`;
    return { action: 'needs_attention', finished: null, reason };
  }
  if (found?.status === 'success' || found?.status === 'failed') {
    const outcome = found.status === 'success' ? 'applied' : 'failed';
    return decideWithoutOperation(input, { operation_id, outcome, reason: found.reason ?? null });
  }
  // It never arrived, or it ended long ago and left the list: its id tells which, and a repeat is harmless.
  if (!found) return { action: 'update', finished: null, repeat: operation, version: operation.version };
  const overdue = overdueReason(input, input.limits);
  if (overdue !== null) {
    const reason = `operation ${operation_id} is not known to be finished: ${overdue}`;
    return { action: 'needs_attention', finished: null, reason };
  }
  return { action: 'poll', finished: null, after_ms: inFlightDelay(input, input.limits), why: 'in_flight' };
}

function decideWithoutOperation(input: ChargeInput, finished: Finished | null): ChargeDecision {
  const { cashback } = input;
  const inFlight = cashback.status === 'init' || cashback.status === 'in-progress';
  if (cashback.status === 'success' && equalAmounts(cashback.rewarded, input.target)) {
    return { action: 'settled', finished };
  }

  const attempts = countAttempts(input, finished);
  // While somebody's operation is unfinished the attempts before it decide nothing, only time does.
  const reason = inFlight
    ? overdueReason(input, input.limits)
    : (contradiction(cashback) ?? vainReason(input, attempts));
  if (reason !== null) return { action: 'needs_attention', finished, reason };
  if (inFlight)
    return { action: 'poll', finished, after_ms: pollDelay(input, input.limits), why: 'other_in_flight' };

  const after_ms = vainDelay(attempts, input);
  if (after_ms > 0) return { action: 'poll', finished, after_ms, why: 'backoff' };
  return { action: 'update', finished, repeat: null, version: cashback.version };
}

/** A success carries what the newest operation was to bring: else nobody asked for what is rewarded. */
function contradiction({ status, rewarded, operations: [newest] }: ObservedCashback): string | null {
  if (status !== 'success') return null;
  if (newest === undefined) {
    return equalAmounts(rewarded, {})
      ? null
      : 'the invoice carries a reward and has no operation that asked for it';
  }
  if (newest.status !== 'success' || equalAmounts(newest.reward, rewarded)) return null;
  return `the invoice carries a reward that its newest operation ${newest.operation_id}, a success, did not ask for`;
}

interface Counted extends Attempts {
  /** Why the operation that has just been found finished failed; null when none was, or it says nothing. */
  reason: string | null;
}

/** The recorded attempts of this revision and the one that is found now. One of an older revision does not count. */
function countAttempts(
  { attempts, operation, revision, now }: ChargeInput,
  finished: Finished | null,
): Counted {
  if (finished === null || operation?.revision !== revision) return { ...attempts, reason: null };
  const { outcome } = finished;
  const reason = outcome === 'failed' ? finished.reason : null;
  return { ...attempts, [outcome]: attempts[outcome] + 1, last_at: now, reason };
}

function vainReason(input: ChargeInput, { failed, applied, rejected, reason }: Counted): string | null {
  const { max_failures } = input.limits;
  if (reason?.startsWith(WALLET_FORBIDS_NEGATIVE)) return reason;
  if (failed >= max_failures) {
    const last = reason === null ? '' : `, the last one with: ${reason}`;
    return `${failed} operations of this revision failed${last}`;
  }
  if (applied >= max_failures) {
    return `${applied} operations of this revision were applied, and yet the invoice carries something else`;
  }
  if (rejected >= max_failures) return `${rejected} operations of this revision were rejected`;
  return failed + applied === 0 ? null : overdueReason(input, input.limits);
}

/** Why an order that waits for so long needs attention; null while it does not. */
export function overdueReason(
  { unsettled_since, downtime_ms, now }: Waiting,
  { attention_after_ms }: Pick<ChargeLimits, 'attention_after_ms'>,
): string | null {
  if (now.getTime() - unsettled_since.getTime() - downtime_ms <= attention_after_ms) return null;
  return `not settled since ${unsettled_since.toISOString()}`;
}

/** As long as the order has been unsettled, within its limits: each wait doubles that time, so the waits double. */
export function pollDelay(
  { unsettled_since, now }: Waiting,
  { poll_base_ms, poll_max_ms }: Pick<ChargeLimits, 'poll_base_ms' | 'poll_max_ms'>,
): number {
  const unsettled_ms = now.getTime() - unsettled_since.getTime();
  return Math.min(poll_max_ms, Math.max(poll_base_ms, unsettled_ms));
}

/** The same for an operation that was sent. Only a callback that was lost makes anybody wait so long. */
export function inFlightDelay(
  waiting: Waiting,
  {
    in_flight_poll_ms,
    poll_base_ms,
    poll_max_ms,
  }: Pick<ChargeLimits, 'in_flight_poll_ms' | 'poll_base_ms' | 'poll_max_ms'>,
): number {
  return pollDelay(waiting, { poll_base_ms: Math.max(poll_base_ms, in_flight_poll_ms), poll_max_ms });
}

/** What is left of the wait after the last vain attempt; 0 when it is over. */
function vainDelay({ failed, applied, rejected, last_at }: Attempts, { now, limits }: ChargeInput): number {
  const count = failed + applied + Math.max(0, rejected - REJECTIONS_AT_ONCE);
  if (count === 0 || last_at === null) return 0;
  const wait_ms = Math.min(limits.failure_max_ms, limits.failure_base_ms * 2 ** Math.min(count - 1, 30));
  const waited_ms = Math.max(0, now.getTime() - last_at.getTime());
  return Math.max(0, wait_ms - waited_ms);
}
