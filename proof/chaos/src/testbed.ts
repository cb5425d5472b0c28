import path from 'node:path';
import {
  type FaultyHttpProxy,
  type FaultyTcpProxy,
  startFaultyHttpProxy,
  startFaultyTcpProxy,
} from '@cashback/proxies';
import { type AppName, freePortsOfAll, startSystem, type System, urlOf } from '@cashback/system';
import { type KillablePostgres, startKillablePostgres } from './killable-postgres.ts';
import { type Backups, keepBackups } from './keep-backups.ts';
import { limitFileSize } from './limit-file-size.ts';
import { type SmallDisk, mountSmallDisk } from './small-disk.ts';
import { OWING_SERVICE, SETTINGS } from './testbed-settings.ts';
import { logsOf } from './work-folder.ts';

/** The apps whose connections to Postgres can fail. */
export const DATABASE_USERS = ['server', 'worker', 'transactions', 'processing'] as const;
export type DatabaseUser = (typeof DATABASE_USERS)[number];

/** The links between apps that can fail, each by its caller and the app that it calls. */
export type Link =
  | 'client>server'
  | 'client>transactions'
  | 'worker>transactions'
  | 'processing>transactions'
  | 'processing>server'
  | 'transactions>trust'
  | 'transactions>processing'
  | 'transactions>worker'
  | 'trust>wallet'
  | 'trust>worker';

/** The whole system, with a proxy on each of its links, on a Postgres that can be killed and a disk that can be full. */
export interface Testbed extends AsyncDisposable {
  system: System;
  postgres: KillablePostgres;
  backups: Backups;
  disk: SmallDisk | null;
  /** Why the disk cannot be filled on this machine. */
  disk_skipped: string | null;
  databases: Record<DatabaseUser, FaultyTcpProxy>;
  /** Where the harness writes files that a command reads. */
  export_folder: string;
  /** The checkers' own way to Postgres: it follows a revived one, and no fault is on it. */
  checker_url: string;
  links: Record<Link, FaultyHttpProxy>;
  /** SIGKILL, and a new process, retried until it is up. */
  restart: System['killAndRestart'];
  /** One more process of an app, retried until it is up. */
  startTwin: System['startTwin'];
  /** Freezes the connections to Postgres that are open, forever. Resolves with how many there were. */
  loseDatabaseHost(): number;
  /** Starts Postgres again if it is down, and points every proxy at it. */
  revivePostgres(): Promise<void>;
}

const STARTS = 5;

export async function startTestbed(work_folder: string, report: (what: string) => void): Promise<Testbed> {
  await using starting = new AsyncDisposableStack();
  const { postgres, filled } = await startPostgres(work_folder, starting);
  const backups = starting.use(keepBackups(postgres));

  const ports = await freePortsOfAll();
  const startDatabase = async (): Promise<FaultyTcpProxy> =>
    starting.use(await startFaultyTcpProxy(postgres.url()));
  const startLink = async (to: AppName, at = ''): Promise<FaultyHttpProxy> =>
    starting.use(await startFaultyHttpProxy(`${urlOf(ports[to])}${at}`));
  const common = await startDatabase();
  const checker = await startDatabase();
  const databases: Testbed['databases'] = {
    server: await startDatabase(),
    worker: await startDatabase(),
    transactions: await startDatabase(),
    processing: await startDatabase(),
  };
  const links: Testbed['links'] = {
    'client>server': await startLink('server'),
    'client>transactions': await startLink('transactions'),
    'worker>transactions': await startLink('transactions'),
    'processing>transactions': await startLink('transactions'),
    'processing>server': await startLink('server'),
    'transactions>trust': await startLink('trust'),
    'transactions>processing': await startLink('processing', '/callbacks/invoice'),
    'transactions>worker': await startLink('worker', '/callbacks/operation'),
    'trust>wallet': await startLink('wallet', '/callbacks/billing'),
    'trust>worker': await startLink('worker', '/callbacks/balance'),
  };
  const databaseProxies = [common, ...Object.values(databases)];
  const settings = settingsFor(databases, links);
  const database_url = common.url;
  const system = starting.use(
    await startSystem({
      data_folder: work_folder,
      work_folder,
      database_url,
      ports,
      settings,
      services: [OWING_SERVICE],
      report,
    }),
  );

  const running = starting.move();
  return {
    system,
    postgres,
    backups,
    disk: 'disk' in filled ? filled.disk : null,
    disk_skipped: 'skipped' in filled ? filled.skipped : null,
    databases,
    export_folder: work_folder,
    checker_url: checker.url,
    links,
    restart: (app, own) => retryStart(() => system.killAndRestart(app, own)),
    startTwin: (app, own) => retryStart(() => system.startTwin(app, own)),
    loseDatabaseHost: () => databaseProxies.reduce((frozen, proxy) => frozen + proxy.freeze(), 0),
    revivePostgres: () =>
      postgres.revive((url) => {
        for (const proxy of [checker, ...databaseProxies]) proxy.setTarget(url);
      }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** On a small file system, or on one where the files of the server can be limited. */
async function startPostgres(
  work_folder: string,
  starting: AsyncDisposableStack,
): Promise<{ postgres: KillablePostgres; filled: { disk: SmallDisk } | { skipped: string } }> {
  const mounted = mountSmallDisk(path.join(work_folder, 'disk'));
  const folder = 'disk' in mounted ? starting.use(mounted.disk).folder : work_folder;
  const postgres = starting.use(
    await startKillablePostgres(
      path.join(folder, 'postgres'),
      // Not on the disk that fills up: it shows what failed there.
      path.join(logsOf(work_folder), 'postgres.log'),
    ),
  );
  const isOnDisk = 'disk' in mounted && postgres.data_dir.startsWith(folder + path.sep);
  return { postgres, filled: isOnDisk ? mounted : limitFileSize(postgres) };
}

function settingsFor(
  databases: Testbed['databases'],
  links: Testbed['links'],
): Partial<Record<AppName, Record<string, string>>> {
  return {
    server: { DATABASE_URL: databases.server.url },
    worker: {
      ...SETTINGS.worker,
      DATABASE_URL: databases.worker.url,
      TRANSACTIONS_URL: links['worker>transactions'].url,
    },
    transactions: {
      ...SETTINGS.transactions,
      DATABASE_URL: databases.transactions.url,
      TRUST_URL: links['transactions>trust'].url,
      INVOICE_CALLBACK_URL: links['transactions>processing'].url,
      OPERATION_CALLBACK_URL: links['transactions>worker'].url,
    },
    processing: {
      ...SETTINGS.processing,
      DATABASE_URL: databases.processing.url,
      TRANSACTIONS_URL: links['processing>transactions'].url,
      SERVER_URL: links['processing>server'].url,
    },
    trust: {
      ...SETTINGS.trust,
      BILLING_CALLBACK_URL: links['trust>wallet'].url,
      BALANCE_CALLBACK_URL: links['trust>worker'].url,
    },
    wallet: { ...SETTINGS.wallet },
  };
}

/** Retries as a supervisor does: other faults may break a start. */
async function retryStart<Started>(start: () => Promise<Started>): Promise<Started> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === STARTS) throw error;
    }
  }
}
