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
import type { FastifyRequest } from 'fastify';
import { answerDirectCalls, readDirectCalls } from './direct-call.ts';
import { toRefusal } from './refusal.ts';

interface RouterSettings {
  services: CashbackServices;
  tokens: readonly AcceptedToken[];
  log: Log;
  /** Most calls in one request. */
  max_batch_size: number;
}

/**
 * Serves the router under `/trpc`. A request without a known token is refused before its body is read. Errors outside of
 * the router are answered in the router's form, which clients can parse.
 */
export function serveRouter(server: HttpServer, settings: RouterSettings): void {
  const { services, tokens, log, max_batch_size } = settings;
  const router = createRouter({ describeIssues });

  void server.register(async (scope) => {
    // The router parses the JSON itself.
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
      // Not `:path`: a batch lists its procedures there, which is too long for a parameter.
      url: '/trpc/*',
      // The router checks the scope of each procedure.
      config: { scope: false },
      handler: async (request, reply) => {
        const path = request.params['*'];
        refuseLargeBatch(path, max_batch_size);
        const call = {
          router,
          context: {
            services,
            scopes: request.caller?.scopes,
            caller: request.caller?.caller,
            reportFault: (error: unknown) =>
              log.error({ err: error, request_id: request.id, path }, 'call failed'),
          },
          onError: ({ error, path }: { error: TRPCError; path?: string | undefined }) => {
            const line = { err: error.cause ?? error, request_id: request.id, path };
            if (error.code === 'INTERNAL_SERVER_ERROR') log.error(line, 'call failed');
            else log.debug(line, 'call refused');
          },
        };
        const direct = isPlainPost(request)
          ? readDirectCalls(router, { path, query: request.query, body: request.body })
          : null;
        if (direct === null) {
          const { context, ...stock } = call;
          await fastifyRequestHandler({
            ...stock,
            req: request,
            res: reply,
            path,
            maxBatchSize: max_batch_size,
            createContext: () => context,
          });
          return reply;
        }
        const { http_status, body } = await answerDirectCalls(direct, call);
        return (
          reply
            .code(http_status)
            .header('content-type', 'application/json')
            .header('vary', 'trpc-accept, accept')
            // For a text fastify would add a charset, which the stock adapter does not.
            .send(Buffer.from(body))
        );
      },
    });
  });
}

/** No header asks for another form of answer than the usual one. */
function isPlainPost({ method, headers }: FastifyRequest): boolean {
  return method === 'POST' && headers['trpc-accept'] === undefined;
}

/** The router has the same limit, but its error does not name it. */
function refuseLargeBatch(path: string, maxBatchSize: number): void {
  const calls = path.split(',').length;
  if (calls <= maxBatchSize) return;
  throw new TRPCError({
    code: 'BAD_REQUEST',
    message: `expected a batch of at most ${maxBatchSize} calls, got ${calls}: send the others in further requests`,
  });
}
