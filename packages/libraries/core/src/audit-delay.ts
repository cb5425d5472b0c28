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
