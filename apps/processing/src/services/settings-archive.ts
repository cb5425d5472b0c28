import { type CashbackServicesConfig, cashbackServices } from '@cashback/wire';
import { type ServiceConfig, serviceConfigOf } from '@cashback/core';
import type { Database } from '@cashback/postgres';
import { findServiceSettings, insertServiceSettings } from '../db/queries/service-settings.ts';
import { hashConfig } from './config-hash.ts';

/** Every settings of a service that an order was ever calculated with, by hash. */
export interface SettingsArchive {
  /** Undefined: settings with that hash were never kept. */
  find(configHash: string): Promise<ServiceConfig | undefined>;
}

/** Keeps the current settings of all services, so that orders which begin with them are calculated by them forever. */
export async function openSettingsArchive(
  database: Database,
  current: CashbackServicesConfig,
): Promise<SettingsArchive> {
  const entries = Object.values(current).map((entry) => {
    const config = serviceConfigOf(entry);
    return { hash: hashConfig(config, entry.url ?? null), entry, config };
  });
  await insertServiceSettings(database, new Map(entries.map(({ hash, entry }) => [hash, entry])));
  // Settings never change, and there are as many as there were changes of CASHBACK_SERVICES.
  const known = new Map(entries.map(({ hash, config }) => [hash, config]));
  return {
    async find(configHash) {
      const kept = known.get(configHash) ?? (await load(database, configHash));
      if (kept !== undefined) known.set(configHash, kept);
      return kept;
    },
  };
}

async function load(database: Database, configHash: string): Promise<ServiceConfig | undefined> {
  const settings = await findServiceSettings(database, configHash);
  if (settings === null) return undefined;
  const entry = cashbackServices.parse({ kept: settings })['kept'];
  return entry && serviceConfigOf(entry);
}
