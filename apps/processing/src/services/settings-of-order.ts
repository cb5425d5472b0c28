import type { OrderOutput } from '@cashback/contract';
import type { ConfiguredService } from '../gather/choose-inputs.ts';
import type { ChangeRow } from '../inbox/change.ts';
import type { Services } from './open-services.ts';
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
export async function settingsOf(
  service: string,
  hash: string | null,
  { services, archive }: { services: Services; archive: SettingsArchive },
): Promise<ConfiguredService | undefined> {
  const current = services.find(service);
  const hashes = { frozen_hash: hash, current_hash: current?.config_hash ?? null };
  if (hash !== null && hash !== current?.config_hash) {
    const config = await archive.find(hash);
    if (config !== undefined) return { config, config_hash: hash, ...hashes };
  }
  return current && { config: current.config, config_hash: current.config_hash, ...hashes };
}
