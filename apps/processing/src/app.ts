import { createCashbackClient } from '@cashback/client';
import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import {
  type AppContext,
  type RunningApp,
  createHttpClient,
  createHttpServer,
  createLoop,
  createReadiness,
  listen,
  startParts,
} from '@cashback/service';
import { audit } from './audit/audit.ts';
import { planMissingAudits } from './audit/plan-missing-audits.ts';
import { loadAuditLag } from './db/queries/audits/load-audit-lag.ts';
import { addAttentionRoutes } from './inbox/attention-routes.ts';
import { followInvoices } from './inbox/follow-invoices.ts';
import type { Settings } from './env.ts';
import { addFeedRoutes } from './inbox/feed-routes.ts';
import { addInvoiceCallback } from './inbox/invoice-callback.ts';
import { JOBS_SCHEMA, processingQueue } from './queue.ts';
import { openServices } from './services/open-services.ts';
import { createAttentionReports } from './report/attention-reports.ts';
import { addReconcileRoutes } from './inbox/reconcile-routes.ts';
import { openSettingsArchive } from './services/settings-archive.ts';
import { sweep } from './inbox/sweep.ts';
import { createProcessingHandler } from './universal-cashback-processing.ts';
import { parseUrlTokens } from './services/url-tokens.ts';

const ROLE = 'cashback_processing';
const DATABASE_WAIT_MS = 10_000;
const QUEUE_CONNECTIONS = 2;
const BATCHES = 2;
const STOP_JOBS_MS = 5_000;
/** With `audits_per_second` as the page. */
const AUDIT_INTERVAL_MS = 1_000;
/** Orders that begin to need attention together are reported together. */
const ATTENTION_MIN_INTERVAL_MS = 200;
/** An order that does not succeed is rescheduled, rather than held up in the client. */
const CLIENT_RETRIES = 1;

/** Starts processing. Throws an expected error when the database cannot be used or a service's URL has no token. */
export function startProcessing(settings: Settings, context: AppContext): Promise<RunningApp> {
  return startParts((parts) => start(parts, settings, context));
}

async function start(
  parts: AsyncDisposableStack,
  settings: Settings,
  { log, name }: AppContext,
): Promise<string> {
  const { database_url: url, upstream_timeout_ms: timeout_ms } = settings;
  const tokens = settings.service_url_tokens;
  const services = openServices(
    settings.cashback_services,
    tokens === undefined ? {} : parseUrlTokens(tokens),
  );
  parts.defer(() => services.close());

  const logError = (error: Error): void => log.error({ err: error }, 'database connection failed');
  const connection = { role: ROLE, application_name: name, log_error: logError };
  const readiness = createReadiness();
  await waitForDatabase({ url, timeout_ms: DATABASE_WAIT_MS });
  const database = openDatabase({ ...connection, url, max_connections: settings.max_connections });
  readiness.addPool('database', database.connections);
  parts.defer(() => database.close());
  const transactions = createHttpClient({
    name: 'transactions',
    base_url: settings.transactions_url,
    token: settings.transactions_token,
    timeout_ms,
    concurrency: settings.concurrency,
  });
  parts.defer(() => transactions.close());
  const client = createCashbackClient({
    url: settings.server_url,
    token: settings.server_token,
    timeout_ms,
    retries: CLIENT_RETRIES,
  });
  parts.defer(() => client.close());
  const jobs = await startJobs({
    ...connection,
    database_url: url,
    jobs_schema: JOBS_SCHEMA,
    queues: [processingQueue],
    max_connections: QUEUE_CONNECTIONS,
  });
  readiness.addPool('jobs', jobs.connections);
  parts.defer(() => jobs.stop({ timeout_ms: STOP_JOBS_MS }));

  const inbox = { database, jobs };
  const { batch_size, concurrency } = settings;
  const archive = await openSettingsArchive(database, settings.cashback_services);
  const upstreams = { server: client, transactions, services, archive, log };
  const reports = createAttentionReports({ inbox, server: client, log, onNoted: () => noted.wake() });
  const noted = createLoop({
    name: 'attention-changes',
    log,
    readiness,
    interval_ms: settings.attention_report_interval_ms,
    min_interval_ms: ATTENTION_MIN_INTERVAL_MS,
    run: () => reports.reportChanged(),
  });
  parts.defer(() => noted.stop());
  const handler = createProcessingHandler({
    inbox,
    upstreams,
    log,
    limits: settings,
    concurrency,
    noteAttention: reports.note,
  });
  await jobs.work(processingQueue, { batch_size, concurrency: BATCHES }, handler);
  const follower = followInvoices(
    { inbox, transactions, log },
    {
      page_size: settings.catch_up_page_size,
      lag_bound_ms: settings.catch_up_lag_bound_ms,
    },
  );
  const loops = [
    createLoop({
      name: 'attention-reports',
      log,
      readiness,
      interval_ms: settings.attention_report_interval_ms,
      run: () => reports.reportPage(),
    }),
    createLoop({
      name: 'catch-up',
      log,
      readiness,
      interval_ms: settings.catch_up_interval_ms,
      run: (signal) => follower.turn(signal),
    }),
    createLoop({
      name: 'sweep',
      log,
      readiness,
      interval_ms: settings.sweep_interval_ms,
      run: () => sweep(inbox, { overdue_ms: settings.overdue_after_ms, page_size: settings.sweep_page_size }),
    }),
    createLoop({
      name: 'audit',
      log,
      readiness,
      interval_ms: AUDIT_INTERVAL_MS,
      run: async () => {
        const left = await audit(inbox, settings.audits_per_second);
        if (left > 0) await planMissingAudits(inbox, { page_size: left, plan: settings });
      },
    }),
  ];
  parts.defer(async () => void (await Promise.all(loops.map((loop) => loop.stop()))));

  const server = createHttpServer({
    name,
    explain: explainDatabaseError,
    log,
    tokens: settings.bearer_tokens ?? [],
    readiness,
    health: async () => ({ audits: await loadAuditLag(database) }),
  });
  addInvoiceCallback(server, settings.invoice_callback_secret, inbox);
  addAttentionRoutes(server, inbox);
  addFeedRoutes(server, inbox);
  addReconcileRoutes(server, inbox);
  parts.defer(() => server.close());
  parts.defer(() => readiness.stop());
  return listen(server, settings);
}
