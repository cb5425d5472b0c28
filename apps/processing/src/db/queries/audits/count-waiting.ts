import { type Transaction, statement } from '@cashback/postgres';
import { IS_UNFINISHED } from '../changes/change-rows.ts';

const MOST_READ = 1_000;
/** An order that has failed more often fails for a reason of its own. */
const MOST_FAILURES = 20;

// An order that needs attention, or waits for something of its own, is retried slowly and holds up nothing.
const countWaitingStatement = statement<{ waiting: number }>({
  name: 'processing.count-waiting',
  text: `
  SELECT count(*)::int AS waiting
  FROM (
    SELECT next_look_at, failures, waiting_since, asks_again
    FROM processing.invoice_changes
    WHERE ${IS_UNFINISHED} AND attention IS NULL
    ORDER BY next_look_at
    LIMIT ${MOST_READ}
  ) AS unfinished
  WHERE next_look_at <= now()
    OR (failures BETWEEN 1 AND ${MOST_FAILURES} AND waiting_since IS NULL AND NOT asks_again)`,
  columns: { waiting: 'int4!' },
});

/** How many orders wait for an attempt that is due, or for an upstream that fails; counted up to a bound. */
export async function countWaiting({ client }: Transaction): Promise<number> {
  const [row] = await countWaitingStatement.rows(client, []);
  if (row === undefined) throw new Error('an aggregate has one row');
  return row.waiting;
}
