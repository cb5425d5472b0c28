import type { AttentionCode } from '@cashback/contract';
import { type Database, type Reader, statement } from '@cashback/postgres';

/** An order that needs attention, with its cause. */
export interface CauseRow {
  order_id: string;
  service: string;
  code: AttentionCode;
  reason: string;
  details: Record<string, unknown> | null;
  since: Date;
}

const COLUMNS = `order_id, service, attention_code AS code, attention AS reason, attention_details AS details,
    attention_since AS since`;
// An older release gives the reason alone: the next attempt of this one finds the cause.
const IS_KNOWN = 'attention IS NOT NULL AND attention_code IS NOT NULL AND attention_since IS NOT NULL';
const TYPES = {
  order_id: 'text',
  service: 'text',
  code: 'text!',
  reason: 'text!',
  details: 'jsonb?',
  since: 'timestamptz!',
} as const;

const readMomentStatement = statement<{ read_at: Date }>({
  name: 'processing.read-moment',
  text: 'SELECT now() AS read_at',
  columns: { read_at: 'timestamptz!' },
});

const loadCausePageStatement = statement<CauseRow>({
  name: 'processing.load-cause-page',
  text: `
  SELECT ${COLUMNS} FROM processing.invoice_changes
  WHERE ${IS_KNOWN} AND order_id > $1
  ORDER BY order_id
  LIMIT $2`,
  columns: TYPES,
});

const loadCausesStatement = statement<CauseRow>({
  name: 'processing.load-causes',
  text: `
  SELECT ${COLUMNS} FROM processing.invoice_changes
  WHERE ${IS_KNOWN} AND order_id = ANY($1::text[])`,
  columns: TYPES,
});

/** A page of the orders that need attention, by their ids, behind `after`. */
export function loadCausePage(
  { pool }: Database,
  { after, limit }: { after: string; limit: number },
): Promise<CauseRow[]> {
  return loadCausePageStatement.rows(pool, [after, limit]);
}

/** Those of the orders that need attention. */
export function loadCauses(reader: Reader, orderIds: readonly string[]): Promise<CauseRow[]> {
  return loadCausesStatement.rows(reader, [orderIds]);
}

/** The time by the clock that all processes share; a later read is at least as new. */
export async function readMoment({ pool }: Database): Promise<Date> {
  const [row] = await readMomentStatement.rows(pool, []);
  if (row === undefined) throw new Error('a statement that always returns a row returned none');
  return row.read_at;
}
