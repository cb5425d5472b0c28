import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { startEmbeddedPostgres } from '@cashback/embedded-postgres';
import { migrate, migrationsFolder, waitForDatabase } from '@cashback/postgres';
import type { AppProcess } from './app-process.ts';
import { APPS, type AppName, type Ports, urlOf } from './addresses.ts';
import { type Credentials, createCredentials } from './credentials.ts';
import { environments } from './environments.ts';
import { startShop } from './shop.ts';
import { startApp } from './start-app.ts';
import { writeServicesWithShop } from './services-config.ts';

const DATABASE_TIMEOUT_MS = 15_000;

interface SystemOptions {
  /** Where an embedded Postgres keeps its data. */
  data_folder: string;
  /** Where the logs and the generated config go. */
  work_folder: string;
  /** A Postgres to use; without it an embedded one is started. */
  database_url: string | undefined;
  ports: Ports;
  /** Settings of apps that are not to be as usual. */
  settings?: Partial<Record<AppName, Record<string, string>>>;
  report(what: string): void;
}

/** All the apps, each a process of its own, on one Postgres. */
export interface System {
  database_url: string;
  embedded: boolean;
  log_folder: string;
  credentials: Credentials;
  urls: Record<AppName | 'shop', string>;
  /** Path of the `CASHBACK_SERVICES` file that processing runs with. */
  cashback_services: string;
  /** Names of apps that ended without being asked to. */
  crashed(): AppName[];
  process(app: AppName): AppProcess;
  /** SIGKILL, then a new process on the same port with the same settings, but for those that are given. */
  killAndRestart(app: AppName, settings?: Record<string, string>): Promise<void>;
  /** One more process of an app, on another port. Whoever starts it stops it. */
  startTwin(app: AppName): Promise<AppProcess>;
  stop(): Promise<void>;
}

/** Starts everything or nothing: what was started is stopped again when a later part fails. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { data_folder, work_folder, ports, report } = options;
  const log_folder = path.join(work_folder, 'logs');
  mkdirSync(log_folder, { recursive: true });

  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).toReversed()) await stopOne();
  };
  try {
    report(options.database_url === undefined ? 'starting Postgres' : 'connecting to Postgres');
    const database_url = options.database_url ?? (await startDatabase(data_folder, stops));
    await waitForDatabase({ url: database_url, timeout_ms: DATABASE_TIMEOUT_MS });
    report('migrating');
    await migrate({ url: database_url, folder: migrationsFolder });

    const credentials = createCredentials();
    const shop = await startShop(ports.shop, credentials.token('processing>shop'));
    stops.push(shop.stop);
    const cashback_services = writeServicesWithShop(work_folder, shop.url);
    const env = environments({ database_url, ports, credentials, cashback_services });
    const start = (app: AppName, settings: Record<string, string> = {}) =>
      startApp(app, { env: { ...env[app], ...options.settings?.[app], ...settings }, log_folder });

    report(`starting ${APPS.join(', ')}`);
    const processes = new Map<AppName, AppProcess>();
    stops.push(async () => {
      // Callers stop before those they call: less is left to repeat at the next start.
      for (const app of APPS.toReversed()) await processes.get(app)?.stop();
    });
    const results = await Promise.allSettled(APPS.map(async (app) => processes.set(app, await start(app))));
    for (const result of results) if (result.status === 'rejected') throw result.reason;

    return {
      database_url,
      embedded: options.database_url === undefined,
      log_folder,
      credentials,
      cashback_services,
      urls: Object.fromEntries(
        [...APPS, 'shop' as const].map((app) => [app, urlOf(ports[app])]),
      ) as System['urls'],
      crashed: () => APPS.filter((app) => processes.get(app)?.crashed()),
      process: (app) => {
        const found = processes.get(app);
        if (found === undefined) throw new Error(`${app} is not running`);
        return found;
      },
      async killAndRestart(app, settings) {
        await processes.get(app)?.kill();
        processes.set(app, await start(app, settings));
      },
      startTwin: (app) => start(app, { PORT: '0' }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDatabase(data_dir: string, stops: (() => Promise<void>)[]): Promise<string> {
  const postgres = await startEmbeddedPostgres({ data_dir });
  stops.push(() => postgres.stop());
  return postgres.url;
}
