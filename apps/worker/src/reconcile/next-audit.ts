import type { AuditTime, ChargeOrder, DueAudit, PlannedAudit, RunAudit } from '@cashback/cashback-db';
import { type AuditPlan, auditDelay } from '@cashback/core';

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
  context: AuditContext,
): PlannedAudit {
  return { order_id, ...auditByAge(age_ms, context) };
}

/** The next audit of an order for which `audit_step` audits were due since it settled. */
export function auditAfter(audit_step: number, { audits, random }: AuditContext): AuditTime {
  const delay_ms = auditDelay(audit_step, audits);
  return { audit_step, audit_in_ms: delay_ms === null ? null : shorten(delay_ms, random) };
}

/**
 * The first audit of an order that settled without one, by its age: the next that it would have had. Behind the end it
 * has one audit now, because nothing has compared it since it settled.
 */
export function auditByAge(age_ms: number, { audits, random }: AuditContext): AuditTime {
  const { audit_distances: distances, audit_end_ms } = audits;
  let passed_ms = 0;
  for (const [audit_step, distance_ms] of distances.entries()) {
    passed_ms += distance_ms;
    if (passed_ms > audit_end_ms) return { audit_step: Math.max(0, audit_step - 1), audit_in_ms: 0 };
    if (passed_ms > age_ms) return { audit_step, audit_in_ms: shorten(passed_ms - age_ms, random) };
  }
  const last_ms = distances.at(-1) ?? audit_end_ms;
  const repeats = Math.floor((age_ms - passed_ms) / last_ms);
  const most = Math.floor((audit_end_ms - passed_ms) / last_ms);
  if (repeats >= most) return { audit_step: distances.length + most - 1, audit_in_ms: 0 };
  const due_ms = passed_ms + (repeats + 1) * last_ms;
  return { audit_step: distances.length + repeats, audit_in_ms: shorten(due_ms - age_ms, random) };
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

/** Up to a quarter less, so that orders which settled together are not audited together. */
function shorten(wait_ms: number, random: () => number): number {
  return Math.round(wait_ms - (wait_ms / 4) * random());
}
