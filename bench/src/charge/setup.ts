import { mkdirSync } from 'node:fs';
import { freePort } from '@cashback/system/free-ports';
import { dropDatabase } from '../database/databases.ts';
import { describePostgres } from '../database/describe-postgres.ts';
import { logFolder, openPostgres } from '../database/open-postgres.ts';
import { createProbe } from '../database/postgres-probe.ts';
import { withClient } from '../database/with-client.ts';
import { createOrdersDatabase } from '../register/fill/create-database.ts';
import { OWN_DATABASE, createOwnDatabase } from './fill/own-database.ts';
import type { ChargeOptions } from './options.ts';
import type { ChargeReport } from './report.ts';
import type { SettleSetup } from './settle/measure-settle.ts';
import type { BenchRedis } from './upstream/redis.ts';
import { startStandInProcess } from './upstream/stand-in-process.ts';
import { type Upstream, newSigningSecret, startUpstream } from './upstream/start-upstream.ts';

const UPSTREAM_DATABASE = 'cashback_bench_upstream';

/** Opens the databases and the upstream for `work`, and closes and removes them afterwards. */
export async function withSetup<Result>(
  { database_url, stand_in, signal }: ChargeOptions,
  redis: BenchRedis | null,
  work: (setup: SettleSetup, description: ChargeReport['postgres']) => Promise<Result>,
): Promise<Result> {
  mkdirSync(logFolder, { recursive: true });
  await using parts = new AsyncDisposableStack();
  const server = await openPostgres({ url: database_url, name: 'charge', keep: false });
  parts.defer(() => server.stop());
  parts.defer(() => dropDatabase(server.url, OWN_DATABASE).catch(() => {}));
  const description = await describePostgres(server.url);
  const url = await createOwnDatabase(server.url);
  const callbacks = { port: await freePort(), secret: newSigningSecret() };
  const receiver = { url: `http://127.0.0.1:${callbacks.port}`, secret: callbacks.secret };
  const upstream = stand_in ? await openStandIn(parts, receiver) : await openUpstream(parts, receiver);
  return await withClient(url, async (client) => {
    const own = { client, probe: await createProbe(client) };
    return withProbe(upstream.database_url, (database) =>
      work(
        {
          database_url: url,
          transactions: upstream.app,
          callbacks,
          redis,
          log_folder: logFolder,
          signal,
          own,
          upstream: { pids: upstream.app.pids, database },
        },
        description,
      ),
    );
  });
}

interface OpenUpstream {
  app: Upstream;
  database_url: string | null;
}

type Callbacks = { url: string; secret: string };
type ProbedDatabase = NonNullable<SettleSetup['upstream']['database']>;

async function openStandIn(parts: AsyncDisposableStack, callbacks: Callbacks): Promise<OpenUpstream> {
  const app = parts.adopt(await startStandInProcess(callbacks), (started) => started.stop());
  return { app, database_url: null };
}

/** With a Postgres server of its own, to separate its usage from that of the worker and its peers. */
async function openUpstream(parts: AsyncDisposableStack, callbacks: Callbacks): Promise<OpenUpstream> {
  const postgres = await openPostgres({ url: undefined, name: 'charge-upstream', keep: false });
  parts.defer(() => postgres.stop());
  const database_url = await createOrdersDatabase(postgres.url, UPSTREAM_DATABASE);
  const started = await startUpstream({ database_url, callbacks, log_folder: logFolder });
  return { app: parts.adopt(started, () => started.stop()), database_url };
}

async function withProbe<Result>(
  url: string | null,
  work: (database: ProbedDatabase | null) => Promise<Result>,
): Promise<Result> {
  if (url === null) return work(null);
  return withClient(url, async (client) => work({ client, probe: await createProbe(client) }));
}
