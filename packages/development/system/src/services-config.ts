import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type CashbackServicesConfig, cashbackServices } from '@cashback/wire';
import { root } from './root.ts';

/** The services that the repository ships. */
export function readShippedServices(): CashbackServicesConfig {
  const file = path.join(root, 'apps', 'processing', 'cashback-services.json');
  return cashbackServices.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/**
 * The shipped services, with the shop's URL for `green`: one service has rates, the other answers amounts itself. Each of
 * `like_yellow` has the settings of `yellow` under a name of its own.
 */
export function writeServicesWithShop(
  folder: string,
  shop_url: string,
  like_yellow: readonly string[] = [],
): string {
  const { green, ...others } = readShippedServices();
  const more = Object.fromEntries(like_yellow.map((name) => [name, others['yellow']]));
  const file = path.join(folder, 'cashback-services.json');
  const config = { ...others, green: { ...green, url: shop_url }, ...more };
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`);
  return file;
}
