import type { RegisterOutcome } from '@cashback/contract';
import { type AuditPlan, type EpochVersion, compareVersions } from '@cashback/core';
import { storableText } from '@cashback/postgres';
import { type FailureOf, backoffMs } from '@cashback/service';
import { scheduleAudit } from '../audit/audit-change.ts';
import {
  type ChangeRow,
  type ChangeWrites,
  isUnfinished,
  processedVersion,
  seenVersion,
} from '../inbox/change.ts';
import { describeVersion, newerOf } from '../inbox/invoice-version.ts';
import type { Obstacle } from '../process/drift.ts';
import { retryJob } from '../queue.ts';
import type { AttentionCause } from './attention-cause.ts';

/** How often `register` answered with each outcome while one change was processed. */
export type RegisterAnswers = Record<RegisterOutcome, number>;

/** How processing one order's change ended. */
export type Outcome =
  /**
   * The cashback of this version of the invoice is registered, or it needs none. `asks_again`: with the value that its service
   * gave before. `unusable`: what the service answered instead; absent: it did not answer.
   */
  | {
      outcome: 'processed';
      invoice: EpochVersion;
      config_hash: string | null;
      asks_again: boolean;
      unusable?: string;
    }
  /** An input is missing that is expected to arrive by itself. */
  | { outcome: 'waiting'; reason: string; cause: AttentionCause; obstacle?: Obstacle | undefined }
  /** Neither the server nor transactions knows the order, and only a message named it: its id may be mistyped. */
  | { outcome: 'unknown'; reason: string }
  /** A failure that says nothing about this order, unless `failure_of` says that it is its own. Absent: of a side. */
  | { outcome: 'failed'; reason: string; retry_after_ms?: number | undefined; failure_of?: FailureOf }
  /** It cannot succeed until something outside changes: a setting, the rates, the invoice. */
  | { outcome: 'attention'; reason: string; cause: AttentionCause; obstacle?: Obstacle | undefined };

/** What an outcome makes of the row that the attempt began with. */
export interface NextAttempt {
  order_id: string;
  /** The row's version and hints when the attempt began. */
  seen: EpochVersion;
  hints: number;
  /** Null when no version was processed. */
  processed: EpochVersion | null;
  /** Of the settings that it was processed with. */
  config_hash: string | null;
  asks_again: boolean;
  failures: number;
  is_waiting: boolean;
  attention: string | null;
  /** Null without attention, and when nothing new is known of its cause. */
  cause: AttentionCause | null;
  next_attempt_in_ms: number;
  /** No order of this id has come up: its row ends as one that was never seen. Absent: false. */
  is_forgotten?: boolean;
}

/** What an attempt knows of the row that it began with. */
export type AttemptedChange = Pick<
  ChangeRow,
  'order_id' | 'seen_epoch' | 'seen_version' | 'hints' | 'failures' | 'waited_ms' | 'attention'
>;

export interface AttemptLimits {
  retry_base_ms: number;
  retry_max_ms: number;
  /** How long an input may be missing, or the order fail on its own, before it needs attention. */
  attention_after_ms: number;
  /** The longest pause between two attempts at an order that needs attention. */
  attention_retry_max_ms: number;
}

/**
 * An order that needs attention is attempted on, at a pause that grows further: it leaves attention by itself when its
 * cause is gone.
 */
export function decideNextAttempt(
  change: AttemptedChange,
  outcome: Outcome,
  limits: AttemptLimits,
  random: () => number = Math.random,
): NextAttempt {
  const { order_id, hints } = change;
  const seen = seenVersion(change);
  const done: NextAttempt = {
    order_id,
    seen,
    hints,
    processed: null,
    config_hash: null,
    asks_again: false,
    failures: 0,
    is_waiting: false,
    attention: null,
    cause: null,
    next_attempt_in_ms: 0,
  };
  const later = (next: Partial<NextAttempt>, atLeastMs = 0): NextAttempt => {
    const failures = change.failures + 1;
    const { retry_base_ms: base_ms, retry_max_ms, attention_retry_max_ms } = limits;
    const max_ms = (next.attention ?? null) === null ? retry_max_ms : attention_retry_max_ms;
    const backoff = backoffMs(failures, { base_ms, max_ms, random });
    return { ...done, failures, next_attempt_in_ms: Math.max(backoff, atLeastMs), ...next };
  };
  const wait = (
    reason: string,
    cause: AttentionCause,
    next: Partial<NextAttempt> = {},
    atLeastMs = 0,
  ): NextAttempt =>
    (change.waited_ms ?? 0) < limits.attention_after_ms
      ? later({ ...next, is_waiting: true }, atLeastMs)
      : later({ ...next, is_waiting: true, attention: storableText(reason), cause }, atLeastMs);
  const { attention } = change;

  switch (outcome.outcome) {
    case 'processed': {
      const { invoice: processed, config_hash, asks_again } = outcome;
      if (compareVersions(processed, seen) < 0) {
        const reason = `${describeVersion(seen)} of the invoice was announced, but transactions shows ${describeVersion(processed)}`;
        const cause: AttentionCause = {
          code: 'observation_stale',
          details: { announced: seen, shown: processed },
        };
        return wait(reason, cause, { processed, config_hash, asks_again });
      }
      if (!asks_again) return { ...done, processed, config_hash };
      // A service that is down is asked for as long as it takes. One that answers so will not end it by itself.
      if (outcome.unusable !== undefined) {
        const cause: AttentionCause = { code: 'service_answer_unusable', details: {} };
        return wait(outcome.unusable, cause, { processed, config_hash, asks_again });
      }
      return later({ processed, config_hash, asks_again, attention, is_waiting: attention !== null });
    }
    case 'waiting':
      return wait(outcome.reason, outcome.cause);
    case 'unknown':
      return (change.waited_ms ?? 0) < limits.attention_after_ms
        ? later({ is_waiting: true })
        : { ...done, is_forgotten: true };
    case 'failed': {
      const { reason, retry_after_ms, failure_of = 'side' } = outcome;
      const is_waiting = change.waited_ms !== null;
      // It says nothing about the order, so what is known of it stays.
      if (attention !== null) return later({ attention, is_waiting }, retry_after_ms);
      switch (failure_of) {
        case 'side':
          return later({}, retry_after_ms);
        case 'unknown':
          // So is the first one after a restart, which ends no wait.
          return later({ is_waiting }, retry_after_ms);
        case 'item':
          return wait(reason, { code: 'attempts_failed', details: {} }, {}, retry_after_ms);
      }
    }
    case 'attention':
      return later({ attention: storableText(outcome.reason), cause: outcome.cause });
  }
}

/**
 * Below every version: a first change of the feed, or another message, begins the order as if the row were not there. It
 * has no audits.
 */
const NEVER_SEEN = {
  seen_epoch: 0,
  seen_version: 1,
  processed_epoch: 0,
  processed_version: 1,
  asks_again: false,
  failures: 0,
  waited_ms: null,
  attention: null,
  next_attempt_in_ms: 0,
  audit_in_ms: null,
  audit_step: 1,
} as const;

/**
 * What recording an attempt writes, merged into the row as it is now. The processed version never goes back. A row that
 * got a newer version or a hint meanwhile keeps what that reset: a job of its own processes it. A row that another
 * attempt finished meanwhile gets no attention.
 */
export function recordAttempt(
  stored: ChangeRow,
  attempt: NextAttempt,
  answers: RegisterAnswers,
  plan: AuditPlan,
): ChangeWrites {
  const seen = seenVersion(stored);
  const isNewest = compareVersions(seen, attempt.seen) === 0 && stored.hints === attempt.hints;
  if (attempt.is_forgotten === true && isNewest)
    return { row: { ...stored, ...NEVER_SEEN, answered_hints: stored.hints }, job: null };
  const row: ChangeRow = {
    ...stored,
    ...(attempt.processed !== null && processedColumns(stored, attempt, attempt.processed)),
    ...(isNewest && {
      failures: attempt.failures,
      waited_ms: attempt.is_waiting ? (stored.waited_ms ?? 0) : null,
      attention: isUnfinished(stored) ? attempt.attention : stored.attention,
      next_attempt_in_ms: attempt.next_attempt_in_ms,
    }),
    registered: stored.registered + answers.registered,
    unchanged: stored.unchanged + answers.unchanged,
    stale: stored.stale + answers.stale,
  };
  const audited = { ...row, ...scheduleAudit(stored, row, plan) };
  return { row: audited, job: isUnfinished(row) ? retryJob(row.order_id, attempt.next_attempt_in_ms) : null };
}

/** A version that was retrieved and processed counts as seen, and answers every hint that came before the attempt. */
function processedColumns(
  stored: ChangeRow,
  { hints, config_hash, asks_again }: NextAttempt,
  processed: EpochVersion,
): Partial<ChangeRow> {
  const answered_hints = Math.max(stored.answered_hints, hints);
  if (compareVersions(processed, processedVersion(stored)) < 0) return { answered_hints };
  const seen = newerOf(seenVersion(stored), processed);
  return {
    seen_epoch: seen.epoch,
    seen_version: seen.version,
    processed_epoch: processed.epoch,
    processed_version: processed.version,
    answered_hints,
    config_hash: stored.config_hash ?? config_hash,
    // Another attempt froze other settings meanwhile: these decide, so the order is processed once more.
    asks_again: asks_again || hasOther(stored.config_hash, config_hash),
  };
}

function hasOther(frozen: string | null, used: string | null): boolean {
  return frozen !== null && used !== null && frozen !== used;
}
