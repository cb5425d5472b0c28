import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { settings } from './tables.ts';

/** The epoch that balances are numbered in. */
export async function loadEpoch(db: NodePgDatabase): Promise<number> {
  const [row] = await db.select({ epoch: settings.epoch }).from(settings);
  return onlyEpoch(row);
}

/** Starts the next epoch, and returns it. */
export async function startEpoch(db: NodePgDatabase): Promise<number> {
  const [row] = await db
    .update(settings)
    .set({ epoch: sql`${settings.epoch} + 1` })
    .returning({ epoch: settings.epoch });
  return onlyEpoch(row);
}

function onlyEpoch(row: { epoch: number } | undefined): number {
  if (row === undefined) throw new Error('trust.settings has no row; a migration inserts it');
  return row.epoch;
}
