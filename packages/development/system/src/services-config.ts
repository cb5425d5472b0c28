import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type CashbackServicesConfig, cashbackServices } from '@cashback/wire';
import { root } from './root.ts';

/** The services that the repository ships. */
export function readShippedServices(): CashbackServicesConfig {
  const file = path.join(root, 'apps', 'processing', 'cashback-services.json');
  return cashbackServices.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** The shipped services, with the shop's URL for `green`: one service has rates, the other answers amounts itself. */
export function writeServicesWithShop(folder: string, shop_url: string): string {
  const { green, ...others } = readShippedServices();
  const file = path.join(folder, 'cashback-services.json');
  writeFileSync(file, `${JSON.stringify({ ...others, green: { ...green, url: shop_url } }, null, 2)}\n`);
  return file;
}
