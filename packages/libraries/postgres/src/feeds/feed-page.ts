/**
 * The page of a feed: what follows the place in parameters 1 to 3, parameter 4 rows at most. `id` is the row's number,
 * `epochs` the owner's table of epochs.
 *
 * A transaction that is still running may yet commit a row before those of a younger one, so the page ends where the
 * oldest running transaction begins. Older epochs were written by another cluster: nothing of theirs is running.
 */
export function feedPage({ id, epochs }: { id: string; epochs: string }): string {
  return `
  WHERE (epoch, xact_id, ${id}) > ($1::integer, $2::xid8, $3::bigint)
    AND (epoch < (SELECT max(epoch) FROM ${epochs})
      OR xact_id < pg_snapshot_xmin(pg_current_snapshot()))
  ORDER BY epoch, xact_id, ${id}
  LIMIT $4`;
}
