import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type AppName, freePortsOfAll, startSystem, type System, urlOf } from '@cashback/system';
import { type HttpProxy, type TcpProxy, startHttpProxy, startTcpProxy } from '@cashback/proxies';
import { type MortalPostgres, startMortalPostgres } from './postgres.ts';
import { type SmallDisk, mountSmallDisk } from './small-disk.ts';

/** The apps whose way to Postgres can be made to fail. */
export const DATABASE_USERS = ['server', 'worker', 'transactions', 'processing'] as const;
export type DatabaseUser = (typeof DATABASE_USERS)[number];

/** The ways between apps that can be made to fail. */
export type Road =
  | 'client>server'
  | 'client>transactions'
  | 'worker>transactions'
  | 'processing>transactions'
  | 'processing>server'
  | 'transactions>trust'
  | 'transactions>processing'
  | 'transactions>worker'
  | 'trust>wallet';

/** The whole system, with something that can be broken on each of its ways. */
export interface Arena {
  system: System;
  postgres: MortalPostgres;
  disk: SmallDisk | null;
  /** Why there is no small disk. */
  disk_skipped: string | null;
  databases: Record<DatabaseUser, TcpProxy>;
  roads: Record<Road, HttpProxy>;
  /** SIGKILL, and a new process, tried until it is up. */
  restart: System['killAndRestart'];
  /** One more process of an app, tried until it is up. */
  startTwin: System['startTwin'];
  /** Brings a Postgres that is gone back, and everybody to it. */
  revivePostgres(): Promise<void>;
  stop(): Promise<void>;
}

/** Short waits, so that minutes show what takes hours otherwise. */
const SETTINGS: Partial<Record<AppName, Record<string, string>>> = {
  worker: {
    TRANSACTIONS_TIMEOUT_MS: '2000',
    TRANSACTIONS_CIRCUIT_OPEN_MS: '100',
    TRANSACTIONS_CIRCUIT_OPEN_MAX_MS: '1000',
    POLL_LEASE_MS: '4000',
    POLL_BASE_MS: '200',
    POLL_MAX_MS: '2000',
    FAILURE_BASE_MS: '200',
    FAILURE_MAX_MS: '2000',
    MAX_FAILURES: '50',
    SWEEP_INTERVAL_MS: '1000',
    SWEEP_GRACE_MS: '4000',
    QUEUE_POLL_MS: '500',
  },
  transactions: {
    TRUST_TIMEOUT_MS: '2000',
    POLL_BASE_MS: '100',
    POLL_MAX_MS: '2000',
    SWEEP_INTERVAL_MS: '1000',
    OVERDUE_AFTER_MS: '3000',
    CALLBACK_TIMEOUT_MS: '2000',
    CALLBACK_RETRY_MAX_MS: '2000',
  },
  processing: {
    UPSTREAM_TIMEOUT_MS: '2000',
    CATCH_UP_INTERVAL_MS: '2000',
    SWEEP_INTERVAL_MS: '1000',
    OVERDUE_AFTER_MS: '3000',
    RETRY_BASE_MS: '200',
    RETRY_MAX_MS: '2000',
  },
  trust: { CALLBACK_TIMEOUT_MS: '2000', CALLBACK_RETRY_MAX_MS: '2000' },
  wallet: { SWEEP_INTERVAL_MS: '1000', PUSH_OVERDUE_MS: '2000' },
};

const STARTS = 5;

/** As a supervisor does: other faults may be in the way of a start. */
async function insistOn<Started>(start: () => Promise<Started>): Promise<Started> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === STARTS) throw error;
    }
  }
}

export async function openArena(work_folder: string, report: (what: string) => void): Promise<Arena> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopOne of stops.splice(0).toReversed()) await stopOne();
  };
  try {
    const mounted = mountSmallDisk(path.join(work_folder, 'disk'));
    const disk = 'disk' in mounted ? mounted.disk : null;
    if (disk !== null) stops.push(() => disk.unmount());
    const data_folder = disk === null ? work_folder : disk.folder;
    mkdirSync(data_folder, { recursive: true });
    const postgres = await startMortalPostgres(path.join(data_folder, 'postgres'));
    stops.push(() => postgres.stop());

    const ports = await freePortsOfAll();
    const openWay = async (): Promise<TcpProxy> => {
      const proxy = await startTcpProxy(postgres.url());
      stops.push(() => proxy.stop());
      return proxy;
    };
    const openRoad = async (app: AppName, to = ''): Promise<HttpProxy> => {
      const proxy = await startHttpProxy(`${urlOf(ports[app])}${to}`);
      stops.push(() => proxy.stop());
      return proxy;
    };
    const common = await openWay();
    const databases: Arena['databases'] = {
      server: await openWay(),
      worker: await openWay(),
      transactions: await openWay(),
      processing: await openWay(),
    };
    const roads: Arena['roads'] = {
      'client>server': await openRoad('server'),
      'client>transactions': await openRoad('transactions'),
      'worker>transactions': await openRoad('transactions'),
      'processing>transactions': await openRoad('transactions'),
      'processing>server': await openRoad('server'),
      'transactions>trust': await openRoad('trust'),
      'transactions>processing': await openRoad('processing', '/callbacks/invoice'),
      'transactions>worker': await openRoad('worker', '/callbacks/operation'),
      'trust>wallet': await openRoad('wallet', '/callbacks/billing'),
    };
    const system = await startSystem({
      data_folder,
      work_folder,
      database_url: common.url,
      ports,
      settings: {
        server: { DATABASE_URL: databases.server.url },
        worker: {
          ...SETTINGS.worker,
          DATABASE_URL: databases.worker.url,
          TRANSACTIONS_URL: roads['worker>transactions'].url,
        },
        transactions: {
          ...SETTINGS.transactions,
          DATABASE_URL: databases.transactions.url,
          TRUST_URL: roads['transactions>trust'].url,
          INVOICE_CALLBACK_URL: roads['transactions>processing'].url,
          OPERATION_CALLBACK_URL: roads['transactions>worker'].url,
        },
        processing: {
          ...SETTINGS.processing,
          DATABASE_URL: databases.processing.url,
          TRANSACTIONS_URL: roads['processing>transactions'].url,
          SERVER_URL: roads['processing>server'].url,
        },
        trust: { ...SETTINGS.trust, BILLING_CALLBACK_URL: roads['trust>wallet'].url },
        wallet: { ...SETTINGS.wallet },
      },
      report,
    });
    stops.push(() => system.stop());
    return {
      system,
      postgres,
      disk,
      disk_skipped: 'skipped' in mounted ? mounted.skipped : null,
      databases,
      roads,
      restart: (app, settings) => insistOn(() => system.killAndRestart(app, settings)),
      startTwin: (app) => insistOn(() => system.startTwin(app)),
      revivePostgres: () =>
        postgres.revive((url) => {
          for (const proxy of [common, ...Object.values(databases)]) proxy.setTarget(url);
        }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
