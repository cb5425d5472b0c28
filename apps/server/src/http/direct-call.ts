import type { AppRouter, RouterContext } from '@cashback/contract';
import {
  type AnyTRPCProcedure,
  type TRPCError,
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  transformTRPCResponse,
} from '@trpc/server';
import { getHTTPStatusCode } from '@trpc/server/http';

/** The mutations of one request. */
export interface DirectCalls {
  calls: { path: string; input: unknown }[];
  batched: boolean;
}

interface DirectAnswer {
  http_status: number;
  body: string;
}

interface CallOptions {
  router: AppRouter;
  context: RouterContext;
  onError: (line: { error: TRPCError; path: string }) => void;
}

/**
 * The calls of a POST that holds only mutations of the router and their JSON: the requests whose rate matters. Null for
 * any other request, which the stock adapter serves: it takes five times as long.
 */
export function readDirectCalls(
  router: AppRouter,
  { path, query, body }: { path: string; query: unknown; body: unknown },
): DirectCalls | null {
  const names = Object.keys(query ?? {});
  const batched = names.length > 0;
  if (batched && (names.length > 1 || (query as { batch?: unknown }).batch !== '1')) return null;
  const paths = batched ? path.split(',') : [path];
  if (!paths.every((each) => isMutation(router, each))) return null;
  const input = parseObject(body);
  if (input === null || (batched && Array.isArray(input))) return null;
  return {
    calls: batched
      ? paths.map((each, index) => ({ path: each, input: (input as Record<string, unknown>)[index] }))
      : [{ path, input }],
    batched,
  };
}

/** Runs the calls and answers as the stock adapter would: a result or an error for each, in their order. */
export async function answerDirectCalls(
  { calls, batched }: DirectCalls,
  { router, context, onError }: CallOptions,
): Promise<DirectAnswer> {
  const config = router._def._config;
  const answers = await Promise.all(
    calls.map(async ({ path, input }, batchIndex) => {
      try {
        const data: unknown = await callTRPCProcedure({
          router,
          path,
          getRawInput: async () => input,
          ctx: context,
          type: 'mutation',
          signal: undefined,
          batchIndex,
        });
        return { result: { data } };
      } catch (cause) {
        const error = getTRPCErrorFromUnknown(cause);
        onError({ error, path });
        return { error: getTRPCErrorShape({ config, ctx: context, error, input, path, type: 'mutation' }) };
      }
    }),
  );
  const serialized = transformTRPCResponse(config, answers);
  return {
    http_status: getHTTPStatusCode(answers),
    body: JSON.stringify(batched || !Array.isArray(serialized) ? serialized : serialized[0]),
  };
}

function isMutation(router: AppRouter, path: string): boolean {
  const procedures: Readonly<Record<string, unknown>> = router._def.procedures;
  if (!Object.hasOwn(procedures, path)) return false;
  return (procedures[path] as AnyTRPCProcedure)._def.type === 'mutation';
}

function parseObject(body: unknown): object | null {
  if (typeof body !== 'string') return null;
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' ? parsed : null;
  } catch {
    return null;
  }
}
