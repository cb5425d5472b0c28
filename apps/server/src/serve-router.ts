import { type CashbackServices, createRouter } from '@cashback/contract';
import {
  type AcceptedToken,
  type HttpServer,
  type Log,
  authenticate,
  describeIssues,
} from '@cashback/service';
import { TRPCError } from '@trpc/server';
import { fastifyRequestHandler } from '@trpc/server/adapters/fastify';
import { toRefusal } from './refusal.ts';

interface RouterSettings {
  services: CashbackServices;
  tokens: readonly AcceptedToken[];
  log: Log;
  /** Most calls in one request. */
  max_batch_size: number;
}

/**
 * Serves the router under `/trpc`. Whoever comes without a known token is refused before the body is read; what
 * goes wrong around the router is answered in the form that clients of the router read.
 */
export function serveRouter(server: HttpServer, settings: RouterSettings): void {
  const { services, tokens, log, max_batch_size } = settings;
  const router = createRouter({ describeIssues });

  void server.register(async (scope) => {
    // The router reads the JSON by itself.
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
      done(null, body);
    });
    scope.setErrorHandler(async (error, request, reply) => {
      const refusal = toRefusal(error);
      if (refusal.masked) log.error({ err: error, request_id: request.id }, 'request failed');
      if (refusal.http_status === 401) void reply.header('www-authenticate', 'Bearer');
      return reply.code(refusal.http_status).send(refusal.body);
    });
    scope.addHook('onRequest', async (request) => {
      request.caller = authenticate(tokens, request.headers.authorization) ?? null;
      if (request.caller === null) {
        throw new TRPCError({
          code: 'UNAUTHORIZED',
          message: 'missing or unknown token: send the header "authorization: Bearer <token>"',
        });
      }
    });
    scope.route<{ Params: { '*': string } }>({
      method: ['GET', 'POST'],
      // Not `:path`: a batch names its procedures there, one after another, and a parameter is short.
      url: '/trpc/*',
      // Each procedure has a scope of its own, which the router looks at.
      config: { scope: false },
      handler: async (request, reply) => {
        refuseLargeBatch(request.params['*'], max_batch_size);
        await fastifyRequestHandler({
          router,
          req: request,
          res: reply,
          path: request.params['*'],
          maxBatchSize: max_batch_size,
          createContext: () => ({ services, scopes: request.caller?.scopes }),
          onError: ({ error, path }) => {
            const line = { err: error.cause ?? error, request_id: request.id, path };
            if (error.code === 'INTERNAL_SERVER_ERROR') log.error(line, 'call failed');
            else log.debug(line, 'call refused');
          },
        });
        return reply;
      },
    });
  });
}

/** Before the router, which has the same limit but does not say it. */
function refuseLargeBatch(path: string, maxBatchSize: number): void {
  const calls = path.split(',').length;
  if (calls <= maxBatchSize) return;
  throw new TRPCError({
    code: 'BAD_REQUEST',
    message: `expected a batch of at most ${maxBatchSize} calls, got ${calls}: send the rest in further requests`,
  });
}
