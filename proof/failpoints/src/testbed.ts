import type { RunTables } from '@cashback/invariants';
import { type FrontDoor, openFrontDoor, openRunTables } from '@cashback/scenario';
import { APPS, type AppName, freePortsOfAll, startSystem, type System, urlOf } from '@cashback/system';
import { QUEUE_SCHEMAS, SETTINGS } from './testbed-settings.ts';
import { type Failpoints, createFailpoints } from './wire/failpoints.ts';
import { watchHttp } from './wire/watch-http.ts';
import { watchPostgres } from './wire/watch-postgres.ts';

/** Processes that can be stopped between two of their effects. */
export const VICTIMS = ['server', 'worker', 'transactions', 'processing'] as const;
export type Victim = (typeof VICTIMS)[number];

/** The whole system, every process of it between proxies that see all of its effects. */
export interface Testbed extends AsyncDisposable {
  system: System;
  failpoints: Failpoints;
  /** Its calls go through proxies, too. */
  door: FrontDoor;
  /** The tables, for the orders and wallets of one run. */
  tablesOf(run: string): RunTables;
  /** SIGKILL. */
  kill(app: AppName): Promise<void>;
  /** Kills the process if it still runs, and starts another. The settings are for that one alone. */
  restart(app: AppName, settings?: Record<string, string>): Promise<void>;
}

export interface TestbedOptions {
  database_url: string;
  work_folder: string;
  /** Settings of apps that differ from `SETTINGS`. */
  settings?: Partial<Record<AppName, Record<string, string>>>;
  report(what: string): void;
}

const RETRIES = 60;

/**
 * Starts proxies first, then the apps with the proxies' addresses in their settings:
 *
 *     caller -> server, transactions
 *     worker -> Postgres, transactions        transactions -> Postgres, trust, processing, worker
 *     processing -> Postgres, transactions, server     trust -> wallet
 */
export async function startTestbed(options: TestbedOptions): Promise<Testbed> {
  const { database_url, work_folder, report } = options;
  await using starting = new AsyncDisposableStack();
  const failpoints = createFailpoints();
  const ports = await freePortsOfAll();
  const database = async (from: AppName): Promise<string> =>
    starting.use(await watchPostgres(failpoints, { from, to: database_url })).url;
  const http = async (from: string, at: AppName, path = ''): Promise<string> =>
    starting.use(await watchHttp(failpoints, { from, at, to: `${urlOf(ports[at])}${path}` })).url;

  const links: Partial<Record<AppName, Record<string, string>>> = {
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
    trust: {
      BILLING_CALLBACK_URL: await http('trust', 'wallet', '/callbacks/billing'),
      // A hint that no order of a run waits for would only put the worker's statements into another order each time.
      BALANCE_CALLBACK_URL: '',
    },
  };
  const settings: Partial<Record<AppName, Record<string, string>>> = {};
  for (const app of APPS) settings[app] = { ...SETTINGS[app], ...links[app], ...options.settings?.[app] };
  const system = starting.use(
    await startSystem({ data_folder: work_folder, work_folder, database_url, ports, settings, report }),
  );
  const urls = {
    ...system.urls,
    server: await http('caller', 'server'),
    transactions: await http('caller', 'transactions'),
  };
  const door = openFrontDoor({ ...system, urls }, RETRIES);
  starting.defer(() => door.close());
  const tables = openRunTables(system, '');
  starting.defer(() => tables.sql.end());

  const running = starting.move();
  return {
    system,
    failpoints,
    door,
    tablesOf: (run) => ({ ...tables, run }),
    kill: (app) => system.process(app).kill(),
    async restart(app, own) {
      await system.process(app).kill();
      const schema = QUEUE_SCHEMAS[app];
      if (schema !== undefined) await requeueActiveJobs(tables, schema);
      await system.killAndRestart(app, own);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/**
 * Does at once what pg-boss does with the jobs of a worker that has been silent for longer than its heartbeat, 10 to
 * 20 seconds.
 */
async function requeueActiveJobs({ sql }: RunTables, schema: string): Promise<void> {
  await sql.query(
    `DELETE FROM ${schema}.job one WHERE state = 'active' AND EXISTS
       (SELECT FROM ${schema}.job other WHERE other.name = one.name AND other.singleton_key = one.singleton_key AND other.state = 'retry')`,
  );
  await sql.query(
    `UPDATE ${schema}.job SET state = 'retry', retry_count = retry_count + 1, start_after = now() WHERE state = 'active'`,
  );
}
