import type { AuditTime, ExpeditedPoll, RunAudit } from '@cashback/cashback-db';
import type { DriftFinder } from '@cashback/core';

/** The columns that decide when an order runs. Times are milliseconds of the epoch. */
export interface ScheduledRow {
  order_id: string;
  revision: number;
  settled_revision: number;
  operation_id: string | null;
  attention: string | null;
  poll_at: number | null;
  next_charge_at: number;
  answered_at: number | null;
  audit_at: number | null;
  audit_step: number;
  due_by: DriftFinder | null;
  requests: number;
}

/**
 * The rules of the statements in `queries/polls` of cashback-db. Each says what its statement writes into a row, or
 * null when it skips the row. The simulation runs them, and a test holds the statements against them.
 */
export type PollTimes = Partial<
  Pick<
    ScheduledRow,
    'poll_at' | 'next_charge_at' | 'answered_at' | 'audit_at' | 'audit_step' | 'due_by' | 'requests'
  >
>;

/** `claimPolls` */
export function claimedTimes({ poll_at }: ScheduledRow, lease_ms: number, now: number): PollTimes | null {
  return poll_at !== null && poll_at <= now ? { poll_at: now + lease_ms } : null;
}

/** `leasePolls` */
export function leasedTimes(row: ScheduledRow, lease_ms: number, now: number): PollTimes | null {
  return row.poll_at === null ? { poll_at: now + lease_ms } : null;
}

/** Whether an order that a callback is about is leased: one with an open operation has a poll of its own. */
export function needsLease({ operation_id }: Pick<ScheduledRow, 'operation_id'>): boolean {
  return operation_id === null;
}

/** `leasePolls`, of an order that a callback is about. */
export function requestedTimes(row: ScheduledRow, lease_ms: number, now: number): PollTimes {
  return (needsLease(row) && leasedTimes(row, lease_ms, now)) || {};
}

/** The trigger of a poll that is due. */
export function pollTrigger({ due_by }: Pick<ScheduledRow, 'due_by'>): DriftFinder {
  return due_by ?? 'poll';
}

/** `makeDue` */
export function dueTimes(
  { poll_at, requests, due_by }: Pick<ScheduledRow, 'poll_at' | 'requests' | 'due_by'>,
  reason: DriftFinder,
  now: number,
): PollTimes {
  return {
    poll_at: poll_at === null ? now : Math.min(poll_at, now),
    requests: requests + 1,
    due_by: keepsBalance(due_by, reason),
  };
}

/** A balance asks for an attempt, which no other reason for an observation does. */
function keepsBalance(stored: DriftFinder | null, reason: DriftFinder): DriftFinder {
  return stored === 'balance' ? stored : reason;
}

/** `findWalletWaits`: whether it finds the order. */
export function waitsForWallet(
  { wallet_id, attention, attention_code, due_by }: ScheduledRow & WalletWait,
  walletId: string,
): boolean {
  const isWaiting = attention !== null && WALLET_CODES.some((code) => code === attention_code);
  return isWaiting && wallet_id === walletId && due_by !== 'balance';
}

const WALLET_CODES = ['wallet_forbids_negative', 'owed'] as const;

interface WalletWait {
  wallet_id: string;
  attention_code: string | null;
}

/** `runAudits` */
export function auditedTimes(row: ScheduledRow, audit: RunAudit, now: number): PollTimes | null {
  const { audit_at, audit_step } = row;
  if (audit_at === null || audit_at > now || audit_step !== audit.due_step) return null;
  if (row.settled_revision !== row.revision) return { audit_at: null, audit_step: 0 };
  return { ...plannedTimes(audit, now), ...dueTimes(row, 'audit', now) };
}

/** `planAudits` */
export function firstAuditTimes(row: ScheduledRow, audit: AuditTime, now: number): PollTimes | null {
  const { settled_revision, revision, audit_at, audit_step } = row;
  const isUnplanned = settled_revision === revision && audit_at === null && audit_step === 0;
  return isUnplanned ? plannedTimes(audit, now) : null;
}

function plannedTimes({ audit_step, audit_in_ms }: AuditTime, now: number): PollTimes {
  return { audit_step, audit_at: audit_in_ms === null ? null : now + Math.round(audit_in_ms) };
}

/** `expeditePolls` */
export function expeditedTimes(row: ScheduledRow, poll: ExpeditedPoll, now: number): PollTimes | null {
  if (row.order_id !== poll.order_id || row.operation_id !== poll.operation_id) return null;
  if (row.poll_at === null) return null;
  const at = now + Math.round(poll.in_ms);
  return {
    poll_at: Math.min(row.poll_at, at),
    next_charge_at: Math.min(row.next_charge_at, at),
    answered_at: poll.answered ? row.answered_at : null,
  };
}

/** `scheduleOrders`, for an order that has a job or not. */
export function scheduledTimes(
  row: ScheduledRow,
  { has_job, grace_ms }: { has_job: boolean; grace_ms: number },
  now: number,
): PollTimes | null {
  const isUnfinished = row.settled_revision < row.revision || row.attention !== null;
  if (!isUnfinished || row.poll_at !== null || row.next_charge_at >= now - grace_ms) return null;
  return {
    next_charge_at: now,
    ...(has_job ? { poll_at: null } : { poll_at: now, due_by: keepsBalance(row.due_by, 'sweep') }),
  };
}
