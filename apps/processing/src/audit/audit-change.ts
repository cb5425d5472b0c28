import { type AuditPlan, auditDelay, compareVersions } from '@cashback/core';
import { type ChangeRow, type ChangeWrites, isUnfinished, processedVersion } from '../inbox/change.ts';
import { immediateJob } from '../queue.ts';

/**
 * The rows that an audit of a due order writes: the order is processed once more, whatever is known of it. The next
 * attempt of an unfinished order compares it anyway. Null: no audit is due, as the statement `claimAudits` says.
 */
export function auditChange(stored: ChangeRow): ChangeWrites | null {
  if (stored.audit_in_ms === null || stored.audit_in_ms > 0) return null;
  if (isUnfinished(stored)) return { row: { ...stored, audit_in_ms: null }, job: null };
  const row: ChangeRow = {
    ...stored,
    hints: stored.hints + 1,
    brought_by: 'audit',
    failures: 0,
    waited_ms: null,
    next_attempt_in_ms: 0,
    audit_in_ms: null,
    audit_step: stored.audit_step + 1,
  };
  return { row, job: immediateJob(stored.order_id) };
}

/**
 * When an order is audited next, once an attempt has processed it. A newer version begins the distances again. A repair by an
 * audit does not, so two callers that disagree about a target do not change it forever.
 */
export function scheduleAudit(
  stored: ChangeRow,
  written: ChangeRow,
  plan: AuditPlan,
): Pick<ChangeRow, 'audit_in_ms' | 'audit_step'> {
  const { audit_in_ms, audit_step } = written;
  if (isUnfinished(written)) return { audit_in_ms, audit_step };
  const isNewer = compareVersions(processedVersion(stored), processedVersion(written)) < 0;
  if (isNewer) return { audit_in_ms: auditDelay(0, plan), audit_step: 0 };
  return { audit_in_ms: audit_in_ms ?? auditDelay(audit_step, plan), audit_step };
}
