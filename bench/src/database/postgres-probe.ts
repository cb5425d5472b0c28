import type { Client } from 'pg';
import { findPostgresCpu } from './postgres-cpu.ts';

/** The usage of a whole server so far. */
export interface PostgresProbe {
  /** CPU time in microseconds; `null` when its processes are not visible from here. */
  cpu(): number | null;
  /** Bytes of write-ahead log. */
  wal(): Promise<number>;
}

/** Reads over `client`, which must stay open. */
export async function createProbe(client: Client): Promise<PostgresProbe> {
  const cpu = await findPostgresCpu(client);
  return {
    cpu: () => cpu?.() ?? null,
    async wal() {
      const { rows } = await client.query<{ bytes: string }>(
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bytes",
      );
      return Number(rows[0]?.bytes);
    },
  };
}
