import { type Database, statement } from '@cashback/postgres';

export interface AuditLag {
  /** How long the audit that is due for longest has been due; 0: none is. */
  lag_ms: number;
}

const loadAuditLagStatement = statement<AuditLag>({
  name: 'processing.load-audit-lag',
  text: `
  SELECT coalesce(floor(extract(epoch FROM now() - min(audit_at)) * 1000), 0)::float8 AS lag_ms
  FROM processing.invoice_changes
  WHERE audit_at <= now()`,
  columns: { lag_ms: 'float8!' },
});

export async function loadAuditLag({ pool }: Database): Promise<AuditLag> {
  const [lag] = await loadAuditLagStatement.rows(pool, []);
  if (lag === undefined) throw new Error('an aggregate has one row');
  return lag;
}
