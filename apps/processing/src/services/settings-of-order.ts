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

export interface FoundSettings {
  /** Those of CASHBACK_SERVICES; undefined: the service is not in it. */
  current: Pick<Service, 'config' | 'config_hash'> | undefined;
  /** Those that the order began with, when the current ones are others and they were kept. */
  archived: ServiceConfig | undefined;
}

/** `hash`: of the settings that the order began with; null when it begins now. */
export async function findSettings(
  { service, hash }: { service: string; hash: string | null },
  { services, archive }: { services: Services; archive: SettingsArchive },
): Promise<FoundSettings> {
  const current = services.find(service);
  const isCurrent = hash === null || hash === current?.config_hash;
  return { current, archived: isCurrent ? undefined : await archive.find(hash) };
}

/** The settings that the order began with, also when CASHBACK_SERVICES has others now; otherwise the current ones. */
export function chooseSettings(
  hash: string | null,
  { current, archived }: FoundSettings,
): ConfiguredService | undefined {
  const hashes = { frozen_hash: hash, current_hash: current?.config_hash ?? null };
  if (hash !== null && archived !== undefined) return { config: archived, config_hash: hash, ...hashes };
  return current && { config: current.config, config_hash: current.config_hash, ...hashes };
}
