import { type AmountsBySource, equalAmounts, formatAmounts, totalOf } from '@cashback/contract/source';
import { attemptDelay } from './attempt-delay.ts';
import {
  type Attention,
  type StandingAttention,
  keptWhileRepeating,
  keptWhileSending,
  keptWhileUnusable,
} from './attention.ts';
import { compareVersions } from './compare-versions.ts';
import { type ObservedCashback, debtOf, withoutOwed } from './observed-cashback.ts';
import { type WaitLimits, type Waiting, inFlightDelay, overdueReason, pollDelay } from './waiting.ts';

/** An operation of ours that is not known to have ended. `version` is the cashback version that it was sent with. */
export interface OpenOperation {
  operation_id: string;
  revision: number;
  reward: AmountsBySource;
  version: number;
}

export interface ChargeLimits extends WaitLimits {
  /** Wait after the first attempt of a revision that did not settle it, doubled for each further one, and the longest. */
  failure_base_ms: number;
  failure_max_ms: number;
  /** Number of such attempts of one kind and revision with which the order needs attention. */
  max_failures: number;
}

/**
 * How many operations of one revision ended, by outcome. None of them settled it. Of an order that is tried for weeks only
 * the newest ones count: see `attemptsToRead`.
 */
export interface Attempts {
  failed: number;
  /** Applied, and yet the invoice carries something else than the target. */
  applied: number;
  rejected: number;
  last_at: Date | null;
}

/**
 * How many of an order's newest operations a decision needs. Among this many attempts one outcome has reached `max_failures`,
 * however many there were before. Besides them there may be the open operation, and one of an older revision.
 */
export function attemptsToRead({ max_failures }: Pick<ChargeLimits, 'max_failures'>): number {
  return 3 * max_failures + 2;
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
  /** Why the order needs attention; null when it does not. */
  attention: StandingAttention | null;
  /** Billing says that the order's wallet has money, and no operation was made since. Absent: it does not. */
  wallet_filled?: boolean;
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
 * What to do next for an order. `finished` is recorded in any case. `attention` is why the order needs it from now on.
 * - `settled`: rewarded equals the target, its payee's wallet carries all of it, and nothing is in flight;
 * - `update`: send `repeat` again with the same id and body, or, without one, a new operation built on the observed
 *   cashback;
 * - `poll`: observe the invoice again after `after_ms`;
 * - `needs_attention`: send nothing. A person must see to it, or its cause goes by itself.
 */
export type ChargeDecision =
  | { action: 'settled'; finished: Finished | null }
  | {
      action: 'update';
      finished: Finished | null;
      repeat: OpenOperation | null;
      attention: Attention | null;
    }
  | {
      action: 'poll';
      finished: Finished | null;
      after_ms: number;
      why: PollReason;
      attention: Attention | null;
    }
  | { action: 'needs_attention'; finished: Finished | null; attention: Attention };

/** Prefix of an operation's reason: a refund would take the wallet below zero, and the service forbids that. */
export const WALLET_FORBIDS_NEGATIVE = 'wallet_forbids_negative';

/** Prefix of an operation's reason: Trust has other content under the id of a step. */
export const TRUST_DIFFERS = 'trust_differs';

/** In the reason of an operation: Trust's wallet is another one's. */
const PAYEE_MISMATCH = /\bPAYEE_MISMATCH\b/;

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
 *
 * An order that needs attention is decided on as any other, and needs none once its cause is gone. A cause that only an
 * attempt can show is tried again at the growing distances of `attention_poll_ms`, and the order needs attention
 * until it is settled. One that ends by money in the wallet is tried again when billing says that there is some.
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
  const { version } = cashback;
  return compareVersions({ epoch, version }, { epoch: cashback_epoch, version: cashback_version }) < 0;
}

function waitForNewerAnswer(input: ChargeInput): ChargeDecision {
  const overdue = overdueReason(input, input.limits);
  const kept = keptWhileUnusable(input.attention, { is_overdue: overdue !== null });
  if (kept !== null) return needsAttention(null, kept);
  if (overdue === null) return poll(input, null, pollDelay(input, input.limits), 'stale');
  const { cashback, cashback_epoch, cashback_version } = input;
  const epoch = cashback.epoch ?? cashback_epoch;
  const inEpoch = epoch === cashback_epoch ? '' : ` of epoch ${epoch}`;
  const reason =
    `the invoice shows cashback version ${cashback.version}${inEpoch}, ` +
    `and version ${cashback_version} was reached before: ${overdue}`;
  const details = {
    epoch,
    version: cashback.version,
    reached: { epoch: cashback_epoch, version: cashback_version },
  };
  return needsAttention(null, { code: 'observation_stale', reason, details });
}

function followOperation(input: ChargeInput, operation: OpenOperation): ChargeDecision {
  const { operation_id } = operation;
  const found = input.cashback.operations.find((candidate) => candidate.operation_id === operation_id);
  if (found && !equalAmounts(found.reward, operation.reward)) {
    const reason = `operation ${operation_id} carries another reward at transactions than the one it was sent with`;
    return needsAttention(null, { code: 'operation_refused', reason, details: { operation_id } });
  }
  if (found?.status === 'success' || found?.status === 'failed') {
    const outcome = found.status === 'success' ? 'applied' : 'failed';
    return decideWithoutOperation(input, { operation_id, outcome, reason: found.reason ?? null });
  }
  // It never arrived, or it ended long ago and left the list. The answer to a repeat shows which; a repeat is harmless.
  if (!found) {
    const attention = keptWhileRepeating(input.attention);
    return { action: 'update', finished: null, repeat: operation, attention };
  }
  const difference = differenceAtTrust(input.cashback, found);
  if (difference !== null) return needsAttention(null, difference);
  const overdue = overdueReason(input, input.limits);
  if (overdue !== null) {
    // Such as a refusal that the payment system does not keep: no step may be given up, so only a person can end it.
    const why = found.reason === undefined ? '' : `; it says: ${found.reason}`;
    const reason = `operation ${operation_id} is not known to be finished: ${overdue}${why}`;
    return needsAttention(null, { code: 'operation_stuck', reason, details: { operation_id } });
  }
  return poll(input, null, inFlightDelay(input, input.limits), 'in_flight');
}

function decideWithoutOperation(input: ChargeInput, finished: Finished | null): ChargeDecision {
  const { cashback, limits } = input;
  const { status, rewarded, elsewhere = {} } = cashback;
  if (status === 'success' && equalAmounts(rewarded, input.target) && totalOf(elsewhere) === 0n) {
    return { action: 'settled', finished };
  }
  // While an operation is in flight the attempts before it decide nothing, only time does.
  if (cashback.status === 'init' || cashback.status === 'in-progress') {
    const [newest] = cashback.operations;
    const difference = newest === undefined ? null : differenceAtTrust(cashback, newest);
    if (difference !== null) return needsAttention(finished, difference);
    const reason = overdueReason(input, limits);
    if (reason !== null) return needsAttention(finished, { code: 'operation_stuck', reason, details: {} });
    return poll(input, finished, pollDelay(input, limits), 'other_in_flight');
  }
  const contradiction = contradictionOf(cashback) ?? differenceAfter(input, finished);
  if (contradiction !== null) return needsAttention(finished, contradiction);

  const attempts = countAttempts(input, finished);
  const attention = exhaustion(input, attempts, finished) ?? keptWhileSending(input.attention);
  if (attention !== null) {
    return isRetryDue(input, attempts)
      ? { action: 'update', finished, repeat: null, attention }
      : needsAttention(finished, attention);
  }
  const after_ms = retryBackoff(attempts, input);
  if (after_ms > 0) return poll(input, finished, after_ms, 'backoff');
  return { action: 'update', finished, repeat: null, attention: null };
}

function poll(
  { attention }: ChargeInput,
  finished: Finished | null,
  after_ms: number,
  why: PollReason,
): ChargeDecision {
  return { action: 'poll', finished, after_ms, why, attention: keptWhileSending(attention) };
}

function needsAttention(finished: Finished | null, attention: Attention): ChargeDecision {
  return { action: 'needs_attention', finished, attention };
}

/** An order that needs attention for its attempts is tried again as long after the last one as it has needed it then. */
function isRetryDue(
  { attention, wallet_filled = false, now, limits }: ChargeInput,
  { last_at, failed }: Attempts,
): boolean {
  if (attention === null || keptWhileSending(attention) === null) return false;
  if (last_at === null) return true;
  return (
    now.getTime() - last_at.getTime() >=
    attemptDelay(attention, { at: last_at, wallet_filled, failed }, limits)
  );
}

/**
 * After a success the invoice carries the newest operation's reward, and what the wallet owes. Anything else was requested by no operation. Without
 * operations there is nothing that it could contradict: it is what is there.
 */
function contradictionOf(cashback: ObservedCashback): Attention | null {
  const { status, rewarded, operations } = cashback;
  const [newest] = operations;
  if (status !== 'success' || newest?.status !== 'success') return null;
  if (equalAmounts(newest.reward, withoutOwed(cashback))) return null;
  const { operation_id } = newest;
  return {
    code: 'moved_by_hand',
    reason: `the invoice carries a reward that its newest operation ${operation_id}, a success, did not ask for`,
    details: { operation_id, asked: formatAmounts(newest.reward), rewarded: formatAmounts(rewarded) },
  };
}

type ListedOperation = ObservedCashback['operations'][number];

/**
 * The payment system has other content under the id of a step, so money may have moved that nobody asked for. Another
 * operation would move the money again: nothing is sent until the payment system has what was asked for.
 */
function differenceAtTrust(
  { rewarded }: ObservedCashback,
  { operation_id, reward, reason }: ListedOperation,
): Attention | null {
  if (reason?.startsWith(TRUST_DIFFERS) !== true) return null;
  const details = { operation_id, asked: formatAmounts(reward), rewarded: formatAmounts(rewarded) };
  return { code: 'trust_differs', reason, details };
}

/** The same of an operation that a `transactions` of an older release ended for it: it waits for a person. */
function differenceAfter({ cashback, attention }: ChargeInput, finished: Finished | null): Attention | null {
  const [newest] = cashback.operations;
  const isKnown = finished !== null || attention?.code === 'trust_differs';
  if (newest?.status !== 'failed' || !isKnown) return null;
  return differenceAtTrust(cashback, newest);
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

/** Why the last attempt failed, as an order states between two attempts. */
function lastReason(attention: StandingAttention | null): string | null {
  const last = attention?.code === 'operations_failed' ? attention.details.last : undefined;
  return typeof last === 'string' ? last : null;
}

function exhaustion(input: ChargeInput, attempts: Counted, finished: Finished | null): Attention | null {
  const debt = debtOf(input.cashback, input.target);
  if (debt !== null) return debt;
  // Between two attempts nothing new is known of the wallet, however many of them there were.
  if (finished === null && input.attention?.code === 'wallet_forbids_negative')
    return keptWhileSending(input.attention);
  const { failed, applied, rejected, reason } = attempts;
  const { max_failures } = input.limits;
  const last_reason = reason ?? (finished === null ? lastReason(input.attention) : null);
  const details = { failed, applied, rejected, ...(last_reason !== null && { last: last_reason }) };
  if (reason?.startsWith(WALLET_FORBIDS_NEGATIVE))
    return { code: 'wallet_forbids_negative', reason, details };
  if (reason !== null && PAYEE_MISMATCH.test(reason)) return { code: 'payee_differs', reason, details };
  if (failed >= max_failures) {
    const last = last_reason === null ? '' : `, the last one with: ${last_reason}`;
    const text = `${failed} operations of this revision failed${last}`;
    return { code: 'operations_failed', reason: text, details };
  }
  if (applied >= max_failures) {
    const text = `${applied} operations of this revision were applied, and yet the invoice carries something else`;
    return { code: 'operations_without_effect', reason: text, details };
  }
  if (rejected >= max_failures) {
    const text = `${rejected} operations of this revision were rejected`;
    return { code: 'operations_rejected', reason: text, details };
  }
  const overdue = failed + applied === 0 ? null : overdueReason(input, input.limits);
  if (overdue === null) return null;
  return { code: failed > 0 ? 'operations_failed' : 'operations_without_effect', reason: overdue, details };
}

/** The rest of the wait after the last attempt; 0 when it is over. */
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
