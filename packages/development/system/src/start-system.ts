import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { startEmbeddedPostgres } from '@cashback/embedded-postgres';
import { migrate, migrationsFolder, waitForDatabase } from '@cashback/postgres';
import type { AppProcess } from './app-process.ts';
import { APPS, type AppName, type Ports, urlOf } from './addresses.ts';
import { type Credentials, createCredentials } from './credentials.ts';
import { environments } from './environments.ts';
import { writeServicesWithShop } from './services-config.ts';
import { startShop } from './shop.ts';
import { startApp } from './start-app.ts';

/** A Postgres of the caller's runs already; a longer wait would only hide a wrong DATABASE_URL. */
const DATABASE_TIMEOUT_MS = 15_000;

interface SystemOptions {
  /** Where an embedded Postgres keeps its data. */
  data_folder: string;
  /** Where the logs and the generated config go. */
  work_folder: string;
  /** A Postgres to use; without it an embedded one is started. */
  database_url: string | undefined;
  ports: Ports;
  /** Settings of apps that differ from `environments`. */
  settings?: Partial<Record<AppName, Record<string, string>>>;
  /** Names of services beside the shipped ones, each with the settings of `yellow`. */
  services?: readonly string[];
  /** Called with each step of the start. */
  report(what: string): void;
}

/** All the apps, each a process of its own, on one Postgres. */
export interface System extends AsyncDisposable {
  database_url: string;
  embedded: boolean;
  log_folder: string;
  credentials: Credentials;
  urls: Record<AppName | 'shop', string>;
  /** Path of the `CASHBACK_SERVICES` file that processing runs with. */
  cashback_services: string;
  /** Names of apps that ended by themselves. */
  crashed(): AppName[];
  process(app: AppName): AppProcess;
  /** SIGKILL, then a new process on the same port with the same settings, but for those that are given. */
  killAndRestart(app: AppName, settings?: Record<string, string>): Promise<void>;
  /** One more process of an app, on another port, with settings that differ. Its caller stops it. */
  startTwin(app: AppName, settings?: Record<string, string>): Promise<AppProcess>;
  stop(): Promise<void>;
}

/**
 * Starts everything or nothing:
 *
 *     Postgres -> migrations -> shop -> trust, wallet, transactions, server, worker, processing
 *
 * A part that fails stops those that were started before it, and `stop` stops them all in reverse.
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { work_folder, ports, report } = options;
  await using starting = new AsyncDisposableStack();
  const database_url = await openDatabase(options, starting);

  const log_folder = path.join(work_folder, 'logs');
  mkdirSync(log_folder, { recursive: true });
  const credentials = createCredentials();
  const shop = starting.use(await startShop(ports.shop, credentials.token('processing>shop')));
  const cashback_services = writeServicesWithShop(work_folder, shop.url, options.services);
  const env = environments({ database_url, ports, credentials, cashback_services });
  const start = (app: AppName, settings: Record<string, string> = {}): Promise<AppProcess> =>
    startApp(app, { env: { ...env[app], ...options.settings?.[app], ...settings }, log_folder });

  report(`starting ${APPS.join(', ')}`);
  const processes = new Map<AppName, AppProcess>();
  /** A restart does not undo that a process had ended by itself. */
  const endedBefore = new Set<AppName>();
  starting.defer(async () => {
    // Callers stop before those they call: less is left to repeat at the next start.
    for (const app of APPS.toReversed()) await processes.get(app)?.stop();
  });
  const results = await Promise.allSettled(APPS.map(async (app) => processes.set(app, await start(app))));
  for (const result of results) if (result.status === 'rejected') throw result.reason;

  const running = starting.move();
  const stop = (): Promise<void> => running.disposeAsync();
  return {
    database_url,
    embedded: options.database_url === undefined,
    log_folder,
    credentials,
    cashback_services,
    urls: Object.fromEntries(
      [...APPS, 'shop' as const].map((app) => [app, urlOf(ports[app])]),
    ) as System['urls'],
    crashed: () => APPS.filter((app) => endedBefore.has(app) || processes.get(app)?.crashed()),
    process: (app) => {
      const found = processes.get(app);
      if (found === undefined) throw new Error(`${app} is not running`);
      return found;
    },
    async killAndRestart(app, settings) {
      if (processes.get(app)?.crashed()) endedBefore.add(app);
      await processes.get(app)?.kill();
      processes.set(app, await start(app, settings));
    },
    startTwin: (app, settings) => start(app, { ...settings, PORT: '0' }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function openDatabase(
  { database_url, data_folder, report }: SystemOptions,
  starting: AsyncDisposableStack,
): Promise<string> {
  report(database_url === undefined ? 'starting Postgres' : 'connecting to Postgres');
  const url = database_url ?? starting.use(await startEmbeddedPostgres({ data_dir: data_folder })).url;
  await waitForDatabase({ url, timeout_ms: DATABASE_TIMEOUT_MS });
  report('migrating');
  await migrate({ url, folder: migrationsFolder });
  return url;
}
