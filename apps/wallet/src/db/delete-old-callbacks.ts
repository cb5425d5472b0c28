import { type Reader, statement } from '@cashback/postgres';

const deleteOldCallbacksStatement = statement({
  name: 'wallet.delete-old-callbacks',
  text: `
  DELETE FROM wallet.callback_inbox
  WHERE webhook_id IN (
    SELECT webhook_id FROM wallet.callback_inbox
    WHERE received_at < now() - $1::integer * interval '1 day'
    ORDER BY received_at
    LIMIT $2
  )`,
  columns: {},
});

/**
 * Deletes at most `limit` callbacks that are older than the retention time, and returns how many. A copy that arrives
 * after that is superseded by its sequence.
 */
export function deleteOldCallbacks(
  reader: Reader,
  { retentionDays, limit }: { retentionDays: number; limit: number },
): Promise<number> {
  return deleteOldCallbacksStatement.run(reader, [retentionDays, limit]);
}
