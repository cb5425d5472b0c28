import { withTimeout } from '@cashback/timing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { describeIssues } from '../settings/describe-issues.ts';
import { BadInputError } from './error-answer.ts';
import type { HttpServer } from './http-server.ts';
import { ServiceError } from './service-error.ts';
import type { Caller } from './tokens.ts';

/** What a handler gets: its inputs as their schemas read them (undefined where it has none), and its caller. */
export interface RouteInput<Body, Params, Query> {
  body: Body;
  params: Params;
  query: Query;
  caller: Caller;
  request: FastifyRequest;
  reply: FastifyReply;
}

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

export interface RouteOptions<Body, Params, Query> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  /** The scope that the caller's token must have. */
  scope: string;
  body?: Body;
  params?: Params;
  query?: Query;
  /** Returns the answer, sent as JSON; undefined is 204. May hijack `reply` and answer by itself. */
  handler: (input: RouteInput<Output<Body>, Output<Params>, Output<Query>>) => unknown;
}

type Schema = z.ZodType | undefined;

/** Adds a route for callers with the scope. Its inputs are checked before the handler runs. */
export function route<
  Body extends Schema = undefined,
  Params extends Schema = undefined,
  Query extends Schema = undefined,
>(server: HttpServer, options: RouteOptions<Body, Params, Query>): void {
  const { method, path, scope, handler } = options;
  server.route({
    method,
    url: path,
    config: { scope },
    handler: async (request, reply) => {
      const { caller } = request;
      if (caller === null) throw new Error(`${method} ${path} was reached without a caller`);
      const input = {
        body: checkOptional<Body>(options.body as Body, request.body, 'body'),
        params: checkOptional<Params>(options.params as Params, request.params, 'path'),
        query: checkOptional<Query>(options.query as Query, request.query, 'query'),
        caller,
        request,
        reply,
      };
      return answerWith(reply, () => handler(input));
    },
  });
}

/**
 * Runs a handler within the server's bound; undefined is 204. The bound is ours because fastify's `handlerTimeout`
 * ends with the reading of the body.
 */
export async function answerWith(reply: FastifyReply, handler: () => unknown): Promise<unknown> {
  const result = await withTimeout(Promise.resolve(handler()), reply.server.handler_timeout_ms, () => {
    if (reply.sent) return reply;
    throw new ServiceError('No answer was ready in time; whether the request was applied is not known', {
      code: 'HANDLER_TIMEOUT',
      http_status: 503,
      retryable: true,
    });
  });
  if (reply.sent) return reply;
  return result === undefined ? reply.code(204).send() : result;
}

/** Throws `BadInputError` (400) when the schema refuses the input. */
export function check<S extends z.ZodType>(schema: S, input: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new BadInputError(what, describeIssues(parsed.error, input));
  return parsed.data;
}

function checkOptional<S extends Schema>(schema: S, input: unknown, what: string): Output<S> {
  return (schema === undefined ? undefined : check(schema, input ?? undefined, what)) as Output<S>;
}
