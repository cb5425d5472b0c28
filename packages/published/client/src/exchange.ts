import type { HTTPLinkOptions } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { Agent } from 'undici';
import { CashbackClientError, unreachable } from './client-error.ts';
import { pause } from './pause.ts';

export interface ExchangeOptions {
  /** For one attempt, from the request to the last byte of the answer. */
  timeout_ms: number;
  /** Further attempts after the first one. */
  retries: number;
  /** Aborts when the client is closed. */
  closed: AbortSignal;
}

/** The part of `fetch` that the links need. */
type Fetch = NonNullable<HTTPLinkOptions<AnyTRPCRouter['_def']['_config']['$types']>['fetch']>;
type Answer = Awaited<ReturnType<Fetch>> & { status: number };

/** The server restarts, a proxy cannot reach it, or it is overloaded. */
const RETRIED_STATUSES = new Set([408, 429, 502, 503, 504]);
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** Further calls wait for a free one, within their timeout. */
const MAX_CONNECTIONS = 64;

/**
 * A `fetch` that retries, with backoff and a bound, when no answer or none of the server's own arrives.
 * A batch is repeated as a whole: every call of this client is safe to repeat. Throws `CashbackClientError`.
 */
export function createExchange(options: ExchangeOptions): Fetch {
  const { retries, closed } = options;
  // The agent's timeouts are off: ours spans the whole exchange.
  const agent = new Agent({ connections: MAX_CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 });
  closed.addEventListener('abort', () => void agent.destroy(), { once: true });
  return async (url, request) => {
    for (let attempt = 0; ; attempt++) {
      if (closed.aborted) {
        throw new CashbackClientError('CLOSED', 'the client is closed', { retryable: false });
      }
      const last = attempt >= retries;
      try {
        const answer = await exchangeOnce(agent, new URL(String(url)), request, options);
        if (last || !RETRIED_STATUSES.has(answer.status)) return answer;
      } catch (error) {
        if (last || closed.aborted) throw error;
      }
      await pause(pauseMs(attempt), closed);
    }
  };
}

async function exchangeOnce(
  agent: Agent,
  { origin, pathname, search }: URL,
  request: Parameters<Fetch>[1],
  { timeout_ms }: ExchangeOptions,
): Promise<Answer> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeout_ms);
  try {
    const { statusCode, body } = await agent.request({
      origin,
      path: `${pathname}${search}`,
      method: request?.method === 'POST' ? 'POST' : 'GET',
      headers: request?.headers as Record<string, string>,
      body: (request?.body as string | undefined) ?? null,
      signal: timeout.signal,
    });
    const text = await body.text();
    return {
      ok: statusCode < 400,
      status: statusCode,
      json: async () => parseAnswer(text, statusCode, origin),
    };
  } catch (error) {
    const reason = timeout.signal.aborted ? `no whole answer within ${timeout_ms} ms` : reasonOf(error);
    throw unreachable(origin, reason, error);
  } finally {
    clearTimeout(timer);
  }
}

function parseAnswer(text: string, status: number, origin: string): unknown {
  try {
    const answer: unknown = JSON.parse(text);
    if (isOfRouter(answer)) return answer;
  } catch {
    // A proxy's page is not JSON; the error below quotes it.
  }
  const retryable = RETRIED_STATUSES.has(status) || status >= 500;
  const shown = text.length <= 200 ? text : `${text.slice(0, 200)}...`;
  throw new CashbackClientError(
    retryable ? 'UNREACHABLE' : 'UNEXPECTED_ANSWER',
    `expected an answer of a cashback server at ${origin}, got status ${status}: ${shown}`,
    { retryable },
  );
}

/** A result or an error of the router, or a list of them. */
function isOfRouter(answer: unknown): boolean {
  const parts: unknown[] = Array.isArray(answer) ? answer : [answer];
  return parts.every((part) => {
    if (typeof part !== 'object' || part === null) return false;
    if ('result' in part) return true;
    const { error } = part as { error?: { code?: unknown } | null };
    return typeof error?.code === 'number';
  });
}

/** Before the next attempt. Half of it is random, so that clients that failed together do not retry together. */
export function pauseMs(attempt: number): number {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  return longest * (0.5 + Math.random() / 2);
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
