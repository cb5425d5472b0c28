import { randomUUID } from 'node:crypto';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toErrorAnswer } from './error-answer.ts';
import { addHealthRoutes } from './health-routes.ts';
import type { Log } from '../process/log.ts';
import type { Readiness } from '../process/readiness.ts';
import { ServiceError, isPublicError } from './service-error.ts';
import { type AcceptedToken, type Caller, authenticate } from './tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The credential of a caller: a bearer token with this scope, or `false` for a route that checks its callers itself. */
    scope?: string | false;
  }
  interface FastifyInstance {
    handler_timeout_ms: number;
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

export type HttpServer = FastifyInstance;

export interface HttpServerOptions {
  name: string;
  log: Log;
  tokens: readonly AcceptedToken[];
  /** Resolves when the app can do its work, with what else is worth knowing; rejects with the reason why not. */
  health: () => Promise<Record<string, unknown> | void>;
  /** The loops and pools of the app, for `/ready` and `/health`. */
  readiness?: Readiness;
  /**
   * The error that a caller sees in place of one that is not meant for callers; undefined masks it. The
   * error itself is logged as a warning.
   */
  explain?: (error: unknown) => Error | undefined;
  body_limit_bytes?: number;
  /** How long a handler may take before its caller receives 503. */
  handler_timeout_ms?: number;
  /** How long running requests may go on after `close()`. */
  close_timeout_ms?: number;
}

/**
 * A server on which no route is open by accident: each one names its scope (see `route`), and a request
 * without a token that has it is refused before its body is read.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { name, log, tokens, health, explain, body_limit_bytes = 1_048_576 } = options;
  const server = fastify({
    logger: false,
    bodyLimit: body_limit_bytes,
    requestTimeout: 30_000,
    connectionTimeout: 120_000,
    keepAliveTimeout: 72_000,
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply);
    },
  });
  const routes: string[] = [];

  function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const explained = isPublicError(error) || isOfRequest(error) ? undefined : explain?.(error);
    const answer = toErrorAnswer(explained ?? error, { body_limit_bytes }, request.id);
    const line = { err: error, request_id: request.id, method: request.method, url: pathOf(request) };
    if (answer.masked) log.error(line, 'request failed');
    else if (explained !== undefined) log.warn({ ...line, code: answer.body.error.code }, 'request failed');
    else log.debug(line, 'request refused');
    if (answer.http_status === 401) void reply.header('www-authenticate', 'Bearer');
    if (answer.retry_after_ms !== undefined) {
      void reply.header('retry-after', String(Math.max(1, Math.ceil(answer.retry_after_ms / 1000))));
    }
    void reply.code(answer.http_status).send(answer.body);
  }

  server.decorate('handler_timeout_ms', options.handler_timeout_ms ?? 30_000);
  server.decorateRequest('caller', null);
  server.addHook('onRoute', ({ method, url, config }) => {
    if (config?.scope === undefined) throw new Error(`Route ${String(method)} ${url} must name its scope`);
    routes.push(`${String(method)} ${url}`);
  });
  server.addHook('onRequest', async (request) => {
    if (!request.is404) request.caller = admit(tokens, request);
  });
  server.setErrorHandler((error, request, reply) => answerError(error, request, reply));
  server.setNotFoundHandler((request, reply) => {
    const message = `${name} has no ${request.method} ${pathOf(request)}; it has ${routes.join(', ')}`;
    answerError(
      new ServiceError(message, { code: 'NOT_FOUND', http_status: 404, retryable: false }),
      request,
      reply,
    );
  });
  server.addHook('onResponse', async (request, reply) => {
    const line = { request_id: request.id, method: request.method, url: pathOf(request) };
    log.debug(
      { ...line, status: reply.statusCode, took_ms: Math.round(reply.elapsedTime) },
      'request answered',
    );
  });
  server.addHook('preClose', async () => {
    const timer = setTimeout(() => server.server.closeAllConnections(), options.close_timeout_ms ?? 8_000);
    server.server.once('close', () => clearTimeout(timer));
  });

  addHealthRoutes(server, { name, log, health, readiness: options.readiness });
  return server;
}

function admit(tokens: readonly AcceptedToken[], request: FastifyRequest): Caller | null {
  const { scope } = request.routeOptions.config;
  if (scope === false) return null;
  const header = request.headers.authorization;
  const caller = authenticate(tokens, header);
  if (caller === undefined) {
    const came = header === undefined ? 'no such header came' : 'the token that came is not one of them';
    throw new ServiceError(
      `Expected the header "Authorization: Bearer <token>" with a token that is accepted here; ${came}`,
      { code: 'UNAUTHORIZED', http_status: 401, retryable: false },
    );
  }
  if (scope === undefined || !caller.scopes.has(scope)) {
    throw new ServiceError(`The token of ${caller.caller} lacks the scope ${scope}, which this route needs`, {
      code: 'FORBIDDEN',
      http_status: 403,
      retryable: false,
    });
  }
  return caller;
}

/** Fastify gives a status to what it could not read: otherwise a caller that hung up would appear as a lost connection. */
function isOfRequest(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error;
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? request.url;
}
