import type { Violation } from './invariants.ts';
import type { RunTables } from './run-tables.ts';

const APPEND_ONLY = [
  'cashback.events',
  'cashback.operations',
  'cashback.operation_outcomes',
  'cashback.breaker_releases',
  'cashback.attention_resumes',
];
const ROLES = ['cashback_server', 'cashback_worker'];

/** Invariant 13: no role of an app may change or delete append-only rows, not even one column of them. */
export async function checkPrivileges({ sql }: RunTables): Promise<Violation[]> {
  const { rows } = await sql.query<{ role: string; relation: string; privilege: string }>(
    `SELECT role, relation, privilege
       FROM unnest($1::text[]) role, unnest($2::text[]) relation, unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) privilege
      WHERE has_table_privilege(role, relation, privilege)
         OR (privilege = 'UPDATE' AND has_any_column_privilege(role, relation, privilege))`,
    [ROLES, APPEND_ONLY],
  );
  return rows.map(({ role, relation, privilege }) => ({
    invariant: 13,
    order_id: '',
    detail: `${role} has ${privilege} on ${relation}`,
  }));
}
