import { type Database, statement } from '@cashback/postgres';

const insertServiceSettingsStatement = statement({
  name: 'processing.insert-service-settings',
  text: `
  INSERT INTO processing.service_settings (config_hash, settings)
  SELECT config_hash, settings::jsonb FROM unnest($1::text[], $2::text[]) AS input (config_hash, settings)
  ORDER BY config_hash
  ON CONFLICT (config_hash) DO NOTHING`,
  columns: {},
});

/** Keeps settings by their hashes, forever. Those that are there stay as they are. */
export async function insertServiceSettings(
  { pool }: Database,
  settings: ReadonlyMap<string, object>,
): Promise<void> {
  if (settings.size === 0) return;
  const texts = [...settings.values()].map((one) => JSON.stringify(one));
  await insertServiceSettingsStatement.run(pool, [[...settings.keys()], texts]);
}

const findServiceSettingsStatement = statement<{ settings: unknown }>({
  name: 'processing.find-service-settings',
  text: 'SELECT settings FROM processing.service_settings WHERE config_hash = $1',
  columns: { settings: 'jsonb' },
});

/** Null: no settings with that hash were kept. */
export async function findServiceSettings({ pool }: Database, configHash: string): Promise<unknown> {
  const rows = await findServiceSettingsStatement.rows(pool, [configHash]);
  return rows[0]?.settings ?? null;
}
