import { withTimeout } from '@cashback/timing';
import type { FastifyInstance } from 'fastify';
import type { Log } from '../process/log.ts';
import type { Readiness, Reason } from '../process/readiness.ts';
import { ServiceError } from './service-error.ts';

interface HealthOptions {
  name: string;
  log: Log;
  health: () => Promise<Record<string, unknown> | void>;
  readiness: Readiness | undefined;
}

const HEALTH_TIMEOUT_MS = 5_000;

/**
 * `/health` states whether the app works, with a reason if not. `/ready` states whether it should get work now, with
 * its loops and pools, and distinguishes a database that is down from a loop or a pool that is stuck. Both are open to anyone.
 */
export function addHealthRoutes(
  server: FastifyInstance,
  { name, log, health, readiness }: HealthOptions,
): void {
  const reportNow = (): ReturnType<Readiness['report']> =>
    readiness?.report() ?? { loops: [], pools: [], reasons: [] };
  const check = (): Promise<Record<string, unknown> | void> =>
    withTimeout(health(), HEALTH_TIMEOUT_MS, () => {
      throw new Error(`no answer within ${HEALTH_TIMEOUT_MS} ms`);
    });

  server.get('/health', { config: { scope: false } }, async (_, reply) => {
    const stuck = reportNow().reasons.find(({ code }) => code !== 'stopping');
    try {
      if (stuck !== undefined) throw refusal(stuck);
      const more = await check();
      return { status: 'ok', name, ...more };
    } catch (error) {
      log.warn({ err: error }, 'not healthy');
      return reply.code(503).send({ status: 'unavailable', name, reason: reasonOf(error) });
    }
  });

  server.get('/ready', { config: { scope: false } }, async (_, reply) => {
    const reasons: Reason[] = [];
    try {
      await check();
    } catch (error) {
      log.warn({ err: error }, 'not ready');
      reasons.push({ code: 'unavailable', message: reasonOf(error) });
    }
    const report = reportNow();
    reasons.unshift(...report.reasons);
    const status = reasons.length === 0 ? 'ready' : 'not_ready';
    return reply.code(reasons.length === 0 ? 200 : 503).send({ status, name, ...report, reasons });
  });
}

function refusal({ code, message }: Reason): ServiceError {
  return new ServiceError(message, { code, http_status: 503, retryable: true });
}

/** Anyone may ask for the health, so the reason is shown only when it is written for callers. */
function reasonOf(error: unknown): string {
  return error instanceof ServiceError
    ? error.message
    : 'a dependency does not answer; the log has the cause';
}
