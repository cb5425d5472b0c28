import type { Database } from '@cashback/postgres';

interface Plan {
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** How many rows of the given tables a statement reads. */
export async function rowsRead(
  { pool }: Database,
  tables: readonly string[],
  { text, values }: { text: string; values: unknown[] },
): Promise<number> {
  const { rows } = await pool.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
    values,
  );
  const count = (plan: Plan): number => {
    const own = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
    const below = (plan.Plans ?? []).map(count).reduce((sum, each) => sum + each, 0);
    return (tables.includes(plan['Relation Name'] ?? '') ? own : 0) + below;
  };
  const root = rows[0]?.['QUERY PLAN'][0]?.Plan;
  if (root === undefined) throw new Error('EXPLAIN has a plan');
  return count(root);
}
