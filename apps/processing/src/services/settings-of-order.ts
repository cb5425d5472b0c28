import type { OrderOutput } from '@cashback/contract';
import type { ServiceConfig } from '@cashback/core';
import type { ConfiguredService } from '../gather/choose-inputs.ts';
import type { ChangeRow } from '../inbox/change.ts';
import type { Service, Services } from './open-services.ts';
import type { SettingsArchive } from './settings-archive.ts';

/**
 * The hash of the settings that an order began with; null when it begins now. Its row has it; the receipt of its newest
 * register has it as well, when the row was lost or is older than the archive.
 */
export function frozenHash(
  { config_hash }: Pick<ChangeRow, 'config_hash'>,
  order: Pick<OrderOutput, 'receipt'> | null,
): string | null {
  const received = order?.receipt?.['config_hash'];
  return config_hash ?? (typeof received === 'string' ? received : null);
}

/** The settings of the service with that hash, also when CASHBACK_SERVICES has others now; otherwise the current ones. */
export async function findSettings(
  service: string,
  hash: string | null,
  { services, archive }: { services: Services; archive: SettingsArchive },
): Promise<ConfiguredService | undefined> {
  const current = services.find(service);
  const isCurrent = hash === null || hash === current?.config_hash;
  return chooseSettings(hash, current, isCurrent ? undefined : await archive.find(hash));
}

/** `archived`: the settings with that hash, when the current ones have another and they were kept. */
export function chooseSettings(
  hash: string | null,
  current: Pick<Service, 'config' | 'config_hash'> | undefined,
  archived: ServiceConfig | undefined,
): ConfiguredService | undefined {
  const hashes = { frozen_hash: hash, current_hash: current?.config_hash ?? null };
  if (hash !== null && archived !== undefined) return { config: archived, config_hash: hash, ...hashes };
  return current && { config: current.config, config_hash: current.config_hash, ...hashes };
}
