/** When an order is compared again without any other trigger. */
export interface AuditPlan {
  /** The wait before each audit in ms, from the moment when nothing was left to do; the last one is repeated. */
  audit_distances: readonly number[];
  /** No audit is due later than this after that moment. */
  audit_end_ms: number;
}

/** How long an order waits for its next audit after this many; null: it had its last one. */
export function auditDelay(
  audits: number,
  { audit_distances: distances, audit_end_ms }: AuditPlan,
): number | null {
  const last = distances.at(-1);
  if (last === undefined) return null;
  const passed = distances.slice(0, audits).reduce((sum, distance) => sum + distance, 0);
  const repeated = Math.max(0, audits - distances.length) * last;
  const delay = distances[audits] ?? last;
  return passed + repeated + delay <= audit_end_ms ? delay : null;
}

/** An audit that is due in `audit_in_ms`, after `audit_step` others. */
interface PlannedAudit {
  audit_step: number;
  audit_in_ms: number;
}

/** The first audit of an order that was done `age_ms` ago and got no time, with its jitter. */
export function auditByAge(age_ms: number, plan: AuditPlan, random: () => number): PlannedAudit {
  const { audits, delay_ms } = auditOfAge(age_ms, plan);
  return { audit_step: audits, audit_in_ms: withAuditJitter(delay_ms, random) };
}

/** Up to a quarter less, so that orders which were done together are not audited together. */
export function withAuditJitter(delay_ms: number, random: () => number): number {
  return Math.round(delay_ms - (delay_ms / 4) * random());
}

/**
 * The next audit that the order would have had, after how many others. Behind the end it has one now, because nothing has
 * compared it since.
 */
function auditOfAge(
  age_ms: number,
  { audit_distances: distances, audit_end_ms }: AuditPlan,
): { audits: number; delay_ms: number } {
  let passed_ms = 0;
  for (const [audits, distance_ms] of distances.entries()) {
    passed_ms += distance_ms;
    if (passed_ms > audit_end_ms) return { audits: Math.max(0, audits - 1), delay_ms: 0 };
    if (passed_ms > age_ms) return { audits, delay_ms: passed_ms - age_ms };
  }
  const last_ms = distances.at(-1) ?? audit_end_ms;
  const repeats = Math.floor((age_ms - passed_ms) / last_ms);
  const most = Math.floor((audit_end_ms - passed_ms) / last_ms);
  if (repeats >= most) return { audits: distances.length + most - 1, delay_ms: 0 };
  return { audits: distances.length + repeats, delay_ms: passed_ms + (repeats + 1) * last_ms - age_ms };
}
