import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { TrustSettings } from '@cashback/wire';
import { settings } from './tables.ts';

const columns = {
  latency_ms: settings.latency_ms,
  answer_delay_ms: settings.answer_delay_ms,
  failure_share: settings.failure_share,
  lost_answer_share: settings.lost_answer_share,
  refusal_share: settings.refusal_share,
  duplicate_callback_share: settings.duplicate_callback_share,
  reorder_callback_share: settings.reorder_callback_share,
  lost_callback_share: settings.lost_callback_share,
};

/** Read for every call, so that a change takes effect at once in every process. */
export async function loadSettings(db: NodePgDatabase): Promise<TrustSettings> {
  const [row] = await db.select(columns).from(settings);
  return onlyRow(row);
}

/** Returns all settings after the change. */
export async function changeSettings(
  db: NodePgDatabase,
  change: { [Name in keyof TrustSettings]?: TrustSettings[Name] | undefined },
): Promise<TrustSettings> {
  if (Object.keys(change).length === 0) return loadSettings(db);
  const [row] = await db.update(settings).set(change).returning(columns);
  return onlyRow(row);
}

function onlyRow(row: TrustSettings | undefined): TrustSettings {
  if (row === undefined) throw new Error('trust.settings has no row; a migration inserts it');
  return row;
}
