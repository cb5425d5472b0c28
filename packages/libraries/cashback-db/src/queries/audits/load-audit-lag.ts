import { type Reader, statement } from '@cashback/postgres';

/** How far the audits are behind. */
export interface AuditLag {
  /** Orders whose audits are due; counted no further than `MAX_COUNTED`. */
  due: number;
  /** When the oldest of them was due; null: none is. */
  oldest_due_at: Date | null;
  lag_ms: number;
}

const MAX_COUNTED = 10_000;

const loadAuditLagStatement = statement<AuditLag>({
  name: 'cashback.load-audit-lag',
  text: `
  SELECT count(*)::int AS due, min(audit_at) AS oldest_due_at,
    coalesce(1000 * extract(epoch FROM now() - min(audit_at)), 0)::float8 AS lag_ms
  FROM (SELECT audit_at FROM cashback.order_clears WHERE audit_at <= now() ORDER BY audit_at LIMIT $1) AS audits`,
  columns: { due: 'int4!', oldest_due_at: 'timestamptz?', lag_ms: 'float8!' },
});

export async function loadAuditLag(reader: Reader): Promise<AuditLag> {
  const [lag] = await loadAuditLagStatement.rows(reader, [MAX_COUNTED]);
  if (lag === undefined) throw new Error('a statement that always returns a row returned none');
  return { ...lag, lag_ms: Math.round(lag.lag_ms) };
}
