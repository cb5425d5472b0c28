import type { AuditTime, ChargeOrder, DueAudit, PlannedAudit, RunAudit } from '@cashback/cashback-db';
import { type AuditPlan, auditByAge, auditDelay, withAuditJitter } from '@cashback/core';

/** When settled orders are audited, and jitter from 0 up to 1. */
export interface AuditContext {
  audits: AuditPlan;
  random: () => number;
}

const NONE: AuditTime = { audit_step: 0, audit_in_ms: null };

/** What running the audit of an order that is due writes: when the next one is. */
export function runOf({ order_id, audit_step: due_step }: DueAudit, context: AuditContext): RunAudit {
  return { order_id, due_step, ...auditAfter(due_step + 1, context) };
}

/** What planning the first audit of an order that settled without one writes. */
export function planOf(
  { order_id, age_ms }: { order_id: string; age_ms: number },
  { audits, random }: AuditContext,
): PlannedAudit {
  return { order_id, ...auditByAge(age_ms, audits, random) };
}

/** The next audit of an order for which `audit_step` audits were due since it settled. */
export function auditAfter(audit_step: number, { audits, random }: AuditContext): AuditTime {
  const delay_ms = auditDelay(audit_step, audits);
  return { audit_step, audit_in_ms: delay_ms === null ? null : withAuditJitter(delay_ms, random) };
}

/**
 * What a step writes: a settle begins the audits of an order that was not settled, and one that was keeps its time. An
 * order that is not settled has none. Null keeps what is stored.
 */
export function auditOfStep(
  order: Pick<ChargeOrder, 'revision' | 'settled_revision' | 'audit_at' | 'audit_step'>,
  step: { action: string; reopened?: boolean },
  context: AuditContext,
): AuditTime | null {
  const { audit_at, audit_step } = order;
  const wasSettled = order.settled_revision === order.revision;
  const hasTime = audit_at !== null || audit_step > 0;
  if (step.action === 'settle') return wasSettled && hasTime ? null : auditAfter(0, context);
  const isSettled = wasSettled && step.reopened !== true;
  return isSettled || !hasTime ? null : NONE;
}
