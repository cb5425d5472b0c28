import type { CashbackStatus } from '@cashback/wire';
import { type AmountsBySource, equalAmounts } from '@cashback/contract/source';

/** The cashback part of an invoice, as `transactions` reports it. `operations` has only the newest ones. */
export interface ObservedCashback {
  /** Null: the answer does not say, which means the epoch that is stored. */
  epoch: number | null;
  version: number;
  status: CashbackStatus;
  rewarded: AmountsBySource;
  operations: { operation_id: string; status: CashbackStatus; reward: AmountsBySource; reason?: string }[];
}

/** An operation of ours that is not known to have ended. `version` is the cashback version that it was sent with. */
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
  /** Shortest wait before an operation that was sent is polled: a callback normally reports its end earlier. */
  in_flight_poll_ms: number;
  /** Wait after the first attempt of a revision that did not settle it, doubled for each further one, and the longest. */
  failure_base_ms: number;
  failure_max_ms: number;
  /** Number of such attempts of one kind and revision with which the order needs attention. */
  max_failures: number;
  /** An order that is unsettled for longer, and in flight or tried without success, needs attention. */
  attention_after_ms: number;
}

/** How many operations of one revision ended, by outcome. None of them settled it. */
export interface Attempts {
  failed: number;
  /** Applied, and yet the invoice carries something else than the target. */
  applied: number;
  rejected: number;
  last_at: Date | null;
}

/** How long an order has been waiting. */
export interface Waiting {
  unsettled_since: Date;
  /** The part of that time in which `transactions` was down. It does not count against the order. */
  downtime_ms: number;
  now: Date;
}

export interface ChargeInput extends Waiting {
  target: AmountsBySource;
  revision: number;
  cashback: ObservedCashback;
  operation: OpenOperation | null;
  /** The epoch and the version in it that the invoice's cashback is known to have reached; version 0 if none. */
  cashback_epoch: number;
  cashback_version: number;
  /** The recorded ones of this revision. */
  attempts: Attempts;
  limits: ChargeLimits;
}

/** How an operation of ours ended, as `transactions` reports it. */
export type Finished = { operation_id: string; outcome: 'applied' | 'failed'; reason: string | null };

/**
 * `in_flight`: our operation is. `other_in_flight`: another caller's operation is. `backoff`: the last attempt did not
 * settle the order. `stale`: the answer shows the invoice at an older version than it is known to have reached.
 */
export type PollReason = 'in_flight' | 'other_in_flight' | 'backoff' | 'stale';

/**
 * What to do next for an order. `finished` is recorded in any case.
 * - `settled`: rewarded equals the target, and nothing is in flight;
 * - `update`: send `repeat` again with the same id and body, or, without one, a new operation built on the observed
 *   cashback;
 * - `poll`: observe the invoice again after `after_ms`;
 * - `needs_attention`: a person must see to it, for `reason`.
 */
export type ChargeDecision =
  | { action: 'settled'; finished: Finished | null }
  | { action: 'update'; finished: Finished | null; repeat: OpenOperation | null }
  | { action: 'poll'; finished: Finished | null; after_ms: number; why: PollReason }
  | { action: 'needs_attention'; finished: Finished | null; reason: string };

/** Prefix of an operation's reason: a refund would take the wallet below zero, and the service forbids that. */
export const WALLET_FORBIDS_NEGATIVE = 'wallet_forbids_negative';

/** Rejections of a revision without backoff: each operation was built on a version that had passed. */
const REJECTIONS_WITHOUT_BACKOFF = 3;

/**
 * The decision of `cashback_charge_processing`: compare what the order should carry with what its invoice carries.
 *
 *     is the answer older than what is known? ---- yes --> poll (stale)
 *       | no
 *     is an operation of ours open? -------------- yes --> does the invoice list it?
 *       | no                                                 | no: repeat it    | in flight: poll
 *       |<--------------- it ended: `finished` --------------+
 *     `success`, and rewarded = target? ---------- yes --> settled
 *       | no
 *     is any operation in flight? ---------------- yes --> poll (other_in_flight)
 *       | no
 *     is the wait after the last attempt over? --- no ---> poll (backoff)
 *       | yes
 *     update
 *
 * An open operation is followed to its end before anything new: it is never replaced, only repeated with the same id
 * and body. `failed` with the target is updated too: the empty plan succeeds, and the invoice ends in `success`.
 *
 * A stale answer decides nothing: it may show today's target as rewarded although it has been taken back since.
 *
 * An order needs attention when an operation does not end in time, when too many attempts did not settle it, or when
 * its invoice contradicts itself. Age alone stops nothing: an order whose target was never tried is updated, and an
 * operation that may never have arrived is repeated, however long that was impossible.
 */
export function decideCharge(input: ChargeInput): ChargeDecision {
  if (isOlder(input)) return waitForNewerAnswer(input);
  return input.operation === null
    ? decideWithoutOperation(input, null)
    : followOperation(input, input.operation);
}

/** A version alone orders nothing: after a restore of `transactions` a new epoch begins, and versions are given again. */
function isOlder({ cashback, cashback_epoch, cashback_version }: ChargeInput): boolean {
  const epoch = cashback.epoch ?? cashback_epoch;
  return epoch < cashback_epoch || (epoch === cashback_epoch && cashback.version < cashback_version);
}

function waitForNewerAnswer(input: ChargeInput): ChargeDecision {
  const overdue = overdueReason(input, input.limits);
  if (overdue === null) {
    return { action: 'poll', finished: null, after_ms: pollDelay(input, input.limits), why: 'stale' };
  }
  const { cashback, cashback_epoch, cashback_version } = input;
  const inEpoch = (epoch: number): string => (epoch === cashback_epoch ? '' : ` of epoch ${epoch}`);
  const reason =
    `the invoice shows cashback version ${cashback.version}${inEpoch(cashback.epoch ?? cashback_epoch)}, ` +
    `and version ${cashback_version} was reached before: ${overdue}`;
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
  // It never arrived, or it ended long ago and left the list. The answer to a repeat shows which; a repeat is harmless.
  if (!found) return { action: 'update', finished: null, repeat: operation };
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
  // While an operation is in flight the attempts before it decide nothing, only time does.
  const reason = inFlight
    ? overdueReason(input, input.limits)
    : (contradiction(cashback) ?? exhaustedReason(input, attempts));
  if (reason !== null) return { action: 'needs_attention', finished, reason };
  if (inFlight)
    return { action: 'poll', finished, after_ms: pollDelay(input, input.limits), why: 'other_in_flight' };

  const after_ms = retryBackoff(attempts, input);
  if (after_ms > 0) return { action: 'poll', finished, after_ms, why: 'backoff' };
  return { action: 'update', finished, repeat: null };
}

/** After a success the invoice carries the newest operation's reward. Anything else was requested by no operation. */
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
  /** Why the operation that ended now failed; null if none did, or if it gives no reason. */
  reason: string | null;
}

/** The recorded attempts of this revision, and the one that ended now unless it is of an older revision. */
function countAttempts(
  { attempts, operation, revision, now }: ChargeInput,
  finished: Finished | null,
): Counted {
  if (finished === null || operation?.revision !== revision) return { ...attempts, reason: null };
  const { outcome } = finished;
  const reason = outcome === 'failed' ? finished.reason : null;
  return { ...attempts, [outcome]: attempts[outcome] + 1, last_at: now, reason };
}

function exhaustedReason(input: ChargeInput, { failed, applied, rejected, reason }: Counted): string | null {
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

/** Why an order that has waited this long needs attention; null while it does not. */
export function overdueReason(
  { unsettled_since, downtime_ms, now }: Waiting,
  { attention_after_ms }: Pick<ChargeLimits, 'attention_after_ms'>,
): string | null {
  if (now.getTime() - unsettled_since.getTime() - downtime_ms <= attention_after_ms) return null;
  return `not settled since ${unsettled_since.toISOString()}`;
}

/** The time for which the order has been unsettled, within the limits. Each wait doubles that time, so waits double. */
export function pollDelay(
  { unsettled_since, now }: Waiting,
  { poll_base_ms, poll_max_ms }: Pick<ChargeLimits, 'poll_base_ms' | 'poll_max_ms'>,
): number {
  const unsettled_ms = now.getTime() - unsettled_since.getTime();
  return Math.min(poll_max_ms, Math.max(poll_base_ms, unsettled_ms));
}

/** The same for an operation that was sent. The whole wait passes only when its callback is lost. */
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

/** What is left of the wait after the last attempt; 0 when it is over. */
function retryBackoff(
  { failed, applied, rejected, last_at }: Attempts,
  { now, limits }: ChargeInput,
): number {
  const count = failed + applied + Math.max(0, rejected - REJECTIONS_WITHOUT_BACKOFF);
  if (count === 0 || last_at === null) return 0;
  const wait_ms = Math.min(limits.failure_max_ms, limits.failure_base_ms * 2 ** Math.min(count - 1, 30));
  const waited_ms = Math.max(0, now.getTime() - last_at.getTime());
  return Math.max(0, wait_ms - waited_ms);
}
