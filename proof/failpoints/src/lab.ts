import { type FrontDoor, openFrontDoor, openWorld } from '@cashback/scenario';
import { type AppName, freePortsOfAll, startSystem, type System, urlOf } from '@cashback/system';
import type { World } from '@cashback/invariants';
import {
  type Failpoints,
  createFailpoints,
  openHttpRoad,
  openPostgresRoad,
} from '@cashback/proxies/failpoints';

/** Processes that can be stopped between two of their effects. */
export const VICTIMS = ['server', 'worker', 'transactions', 'processing'] as const;
export type Victim = (typeof VICTIMS)[number];

/** The whole system, every process of it between roads that see all of its effects. */
export interface Lab {
  system: System;
  failpoints: Failpoints;
  /** Its calls, too, go over roads. */
  door: FrontDoor;
  /** The tables, for the orders and wallets of one run. */
  world(run: string): World;
  /** SIGKILL. */
  kill(app: AppName): Promise<void>;
  /** Kills it if that was not done; a new process takes its place. The settings are for that one alone. */
  startAnew(app: AppName, settings?: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

/** Short waits, so that what is found out by waiting is found out soon. */
const SETTINGS: Partial<Record<AppName, Record<string, string>>> = {
  worker: {
    TRANSACTIONS_TIMEOUT_MS: '1000',
    POLL_INTERVAL_MS: '40',
    POLL_LEASE_MS: '1000',
    POLL_BASE_MS: '20',
    POLL_MAX_MS: '200',
    FAILURE_BASE_MS: '20',
    FAILURE_MAX_MS: '200',
    MAX_FAILURES: '100',
    SWEEP_INTERVAL_MS: '250',
    SWEEP_GRACE_MS: '300',
    QUEUE_POLL_MS: '500',
  },
  transactions: {
    TRUST_TIMEOUT_MS: '300',
    POLL_BASE_MS: '20',
    POLL_MAX_MS: '200',
    SWEEP_INTERVAL_MS: '250',
    OVERDUE_AFTER_MS: '300',
    CALLBACK_TIMEOUT_MS: '1000',
    CALLBACK_RETRY_MAX_MS: '200',
  },
  processing: {
    UPSTREAM_TIMEOUT_MS: '1000',
    CATCH_UP_INTERVAL_MS: '300',
    SWEEP_INTERVAL_MS: '250',
    OVERDUE_AFTER_MS: '300',
    RETRY_BASE_MS: '20',
    RETRY_MAX_MS: '200',
  },
  trust: { CALLBACK_TIMEOUT_MS: '1000', CALLBACK_RETRY_MAX_MS: '200' },
  wallet: { SWEEP_INTERVAL_MS: '200', PUSH_OVERDUE_MS: '500' },
};
const QUEUES: Readonly<Partial<Record<AppName, string>>> = {
  worker: 'cashback_jobs',
  transactions: 'transactions_jobs',
  processing: 'processing_jobs',
  wallet: 'wallet_jobs',
};
const RETRIES = 60;

export interface LabOptions {
  database_url: string;
  work_folder: string;
  /** Settings of apps that are not to be as usual here. */
  settings?: Partial<Record<AppName, Record<string, string>>>;
  report(what: string): void;
}

export async function openLab(options: LabOptions): Promise<Lab> {
  const { database_url, work_folder, report } = options;
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopOne of stops.splice(0).toReversed()) await stopOne();
  };
  try {
    const failpoints = createFailpoints();
    const ports = await freePortsOfAll();
    const database = async (from: AppName): Promise<string> => {
      const road = await openPostgresRoad(failpoints, { from, to: database_url });
      stops.push(() => road.stop());
      return road.url;
    };
    const http = async (from: string, at: AppName, path = ''): Promise<string> => {
      const road = await openHttpRoad(failpoints, { from, at, to: `${urlOf(ports[at])}${path}` });
      stops.push(() => road.stop());
      return road.url;
    };
    const roads: Partial<Record<AppName, Record<string, string>>> = {
      server: { DATABASE_URL: await database('server') },
      worker: {
        DATABASE_URL: await database('worker'),
        TRANSACTIONS_URL: await http('worker', 'transactions'),
      },
      transactions: {
        DATABASE_URL: await database('transactions'),
        TRUST_URL: await http('transactions', 'trust'),
        INVOICE_CALLBACK_URL: await http('transactions', 'processing', '/callbacks/invoice'),
        OPERATION_CALLBACK_URL: await http('transactions', 'worker', '/callbacks/operation'),
      },
      processing: {
        DATABASE_URL: await database('processing'),
        TRANSACTIONS_URL: await http('processing', 'transactions'),
        SERVER_URL: await http('processing', 'server'),
      },
      trust: { BILLING_CALLBACK_URL: await http('trust', 'wallet', '/callbacks/billing') },
    };
    const settings: Partial<Record<AppName, Record<string, string>>> = {};
    for (const app of ['server', 'worker', 'transactions', 'processing', 'trust', 'wallet'] as const) {
      settings[app] = { ...SETTINGS[app], ...roads[app], ...options.settings?.[app] };
    }
    const system = await startSystem({
      data_folder: work_folder,
      work_folder,
      database_url,
      ports,
      settings,
      report,
    });
    stops.push(() => system.stop());
    const urls = {
      ...system.urls,
      server: await http('caller', 'server'),
      transactions: await http('caller', 'transactions'),
    };
    const door = openFrontDoor({ ...system, urls }, RETRIES);
    stops.push(() => door.close());
    const tables = openWorld(system, '');
    stops.push(() => tables.sql.end());

    return {
      system,
      failpoints,
      door,
      world: (run) => ({ ...tables, run }),
      kill: (app) => system.process(app).kill(),
      async startAnew(app, own) {
        await system.process(app).kill();
        const schema = QUEUES[app];
        if (schema !== undefined) await giveJobsBack(tables, schema);
        await system.killAndRestart(app, own);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * What pg-boss does with the jobs of a worker that has been silent for longer than its heartbeat: here nobody waits for
 * those 10 to 20 seconds.
 */
async function giveJobsBack({ sql }: World, schema: string): Promise<void> {
  await sql.query(
    `DELETE FROM ${schema}.job one WHERE state = 'active' AND EXISTS
       (SELECT FROM ${schema}.job other WHERE other.name = one.name AND other.singleton_key = one.singleton_key AND other.state = 'retry')`,
  );
  await sql.query(
    `UPDATE ${schema}.job SET state = 'retry', retry_count = retry_count + 1, start_after = now() WHERE state = 'active'`,
  );
}
