import type { CashbackClient } from '@cashback/client';
import type { HttpClient, Log } from '@cashback/service';
import type { SettingsArchive } from '../services/settings-archive.ts';
import type { Services } from '../services/open-services.ts';

/** What processing an order reaches: the server only through its SDK. */
export interface Upstreams {
  server: Pick<CashbackClient, 'register' | 'order' | 'rates'>;
  transactions: HttpClient;
  services: Services;
  archive: SettingsArchive;
  log: Log;
}
