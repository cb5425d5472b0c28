import type { Reader } from '@cashback/postgres';
import { StartError } from '@cashback/service';
import { loadHorizon } from '../../db/queries/feeds/feed-epochs.ts';
import type { Settings } from '../../env.ts';

type ComparedSettings = Pick<Settings, 'trust_lists_baskets' | 'trust_compared_epoch'>;

/**
 * Nobody can have compared an epoch that has not begun. Such a value would let the next restore pass without a person,
 * and what that one forgot would be paid twice.
 */
export async function checkComparedEpoch(
  reader: Reader,
  { trust_lists_baskets, trust_compared_epoch }: ComparedSettings,
): Promise<void> {
  if (trust_lists_baskets === 'yes') return;
  const { epoch } = await loadHorizon(reader);
  if (trust_compared_epoch <= epoch) return;
  throw new StartError(
    `TRUST_COMPARED_EPOCH: expected at most ${epoch}, the newest epoch of this database, got ${trust_compared_epoch}; ` +
      'set the epoch whose restore was compared. If the database was restored just now, start its new epoch first',
  );
}
