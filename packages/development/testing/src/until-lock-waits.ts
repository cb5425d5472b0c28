import { readUntil } from '@cashback/timing';

interface Reader {
  query(text: string): Promise<{ rows: { waiting: number }[] }>;
}

/** Resolves once at least `count` sessions of the database wait for a lock. */
export async function untilLockWaits(reader: Reader, count = 1): Promise<void> {
  await readUntil(
    () => countLockWaits(reader),
    (waiting) => waiting >= count,
  );
}

async function countLockWaits(reader: Reader): Promise<number> {
  const { rows } = await reader.query(
    `SELECT count(*)::integer AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.waiting ?? 0;
}
