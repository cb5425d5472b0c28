import { type Transaction, statement } from '@cashback/postgres';
import { IS_UNFINISHED } from '../changes/change-rows.ts';

const MOST_READ = 1_000;

// What waits for something of the order itself is retried slowly and holds up nothing, so it does not count.
const countWaitingStatement = statement<{ waiting: number }>({
  name: 'processing.count-waiting',
  text: `
  SELECT count(*)::int AS waiting
  FROM (
    SELECT next_look_at, failures, attention, waiting_since, asks_again
    FROM processing.invoice_changes
    WHERE ${IS_UNFINISHED}
    ORDER BY next_look_at
    LIMIT ${MOST_READ}
  ) AS unfinished
  WHERE next_look_at <= now()
    OR (failures > 0 AND attention IS NULL AND waiting_since IS NULL AND NOT asks_again)`,
  columns: { waiting: 'int4!' },
});

/** How many orders wait for an attempt that is due, or for an upstream that fails; counted up to a bound. */
export async function countWaiting({ client }: Transaction): Promise<number> {
  const [row] = await countWaitingStatement.rows(client, []);
  if (row === undefined) throw new Error('an aggregate has one row');
  return row.waiting;
}
