import type { ClientBase } from 'pg';

/** A part of a plan that reads a table or an index, over all its loops. */
export interface PlanScan {
  scan: string;
  on: string;
  /** Rows that it read, those included that a filter removed. */
  rows: number;
  pages: number;
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: PlanNode[];
}

const MODES = ['force_custom_plan', 'force_generic_plan'] as const;
export type PlanMode = (typeof MODES)[number];

/**
 * Runs a statement whose one parameter is null, and returns what it read: with a plan for this parameter, and with the plan for
 * any, which Postgres may change to after a few runs of a prepared statement.
 */
export async function readPlans(client: ClientBase, text: string): Promise<Record<PlanMode, PlanScan[]>> {
  const read = async (mode: PlanMode): Promise<PlanScan[]> => {
    await client.query(`SET plan_cache_mode = ${mode}`);
    const { rows } = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE explained (NULL)',
    );
    return (rows[0]?.['QUERY PLAN'] ?? []).flatMap(({ Plan }) => scansOf(Plan));
  };
  await client.query(`PREPARE explained (text) AS ${text}`);
  try {
    return { force_custom_plan: await read(MODES[0]), force_generic_plan: await read(MODES[1]) };
  } finally {
    await client.query('DEALLOCATE explained');
    await client.query('RESET plan_cache_mode');
  }
}

/** A bitmap's index and table are two scans of the same rows. Only that of the table counts them. */
export function scansOf(node: PlanNode): PlanScan[] {
  const below = (node.Plans ?? []).flatMap(scansOf);
  const on = node['Relation Name'];
  if (on === undefined) return below;
  const index = node['Index Name'];
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  const scan: PlanScan = {
    scan: node['Node Type'],
    on: index === undefined ? on : `${on}, ${index}`,
    rows: Math.round((node['Actual Rows'] + removed) * node['Actual Loops']),
    pages: (node['Shared Hit Blocks'] ?? 0) + (node['Shared Read Blocks'] ?? 0),
  };
  return [scan, ...below];
}
