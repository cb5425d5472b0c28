import type { HTTPLinkOptions } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { CashbackClientError } from './client-error.ts';
import { pause } from './pause.ts';

export interface ExchangeOptions {
  /** For one attempt, from the request to the last byte of the answer. */
  timeout_ms: number;
  /** Further attempts after the first one. */
  retries: number;
  /** Aborts when the client is closed. */
  closed: AbortSignal;
}

/** What the links ask of `fetch`. */
type Fetch = NonNullable<HTTPLinkOptions<AnyTRPCRouter['_def']['_config']['$types']>['fetch']>;
type Answer = Awaited<ReturnType<Fetch>> & { status: number };

/** Nothing of the server answers these: it restarts, or a proxy before it cannot reach it, or it asks for time. */
const TRY_AGAIN = new Set([408, 429, 502, 503, 504]);
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * A `fetch` that tries again, within a bound and with growing pauses, when no answer or none of the server's own came.
 * A batch is repeated as a whole: all that this client sends is safe to repeat. Throws `CashbackClientError`.
 */
export function createExchange(options: ExchangeOptions): Fetch {
  const { retries, closed } = options;
  return async (url, request) => {
    for (let attempt = 0; ; attempt++) {
      if (closed.aborted) {
        throw new CashbackClientError('CLOSED', 'the client is closed', { retryable: false });
      }
      const last = attempt >= retries;
      try {
        const answer = await exchangeOnce(String(url), request, options);
        if (last || !TRY_AGAIN.has(answer.status)) return answer;
      } catch (error) {
        if (last || closed.aborted) throw error;
      }
      await pause(pauseMs(attempt), closed);
    }
  };
}

async function exchangeOnce(
  url: string,
  request: Parameters<Fetch>[1],
  options: ExchangeOptions,
): Promise<Answer> {
  const { timeout_ms, closed } = options;
  const timeout = AbortSignal.timeout(timeout_ms);
  const signals = request?.signal ? [timeout, closed, request.signal] : [timeout, closed];
  let text: string;
  let status: number;
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.any(signals) });
    status = response.status;
    text = await response.text();
  } catch (error) {
    const reason = timeout.aborted ? `no whole answer within ${timeout_ms} ms` : reasonOf(error);
    throw new CashbackClientError(
      'UNREACHABLE',
      `${new URL(url).origin} did not answer: ${reason}; the call may have taken effect and is safe to repeat`,
      { retryable: true, cause: error },
    );
  }
  return { ok: status < 400, status, json: async () => parseAnswer(text, status, url) };
}

function parseAnswer(text: string, status: number, url: string): unknown {
  try {
    const answer: unknown = JSON.parse(text);
    if (isOfRouter(answer)) return answer;
  } catch {
    // Told below: a proxy's page is no JSON.
  }
  const retryable = TRY_AGAIN.has(status) || status >= 500;
  const shown = text.length <= 200 ? text : `${text.slice(0, 200)}...`;
  throw new CashbackClientError(
    retryable ? 'UNREACHABLE' : 'UNEXPECTED_ANSWER',
    `expected an answer of a cashback server at ${new URL(url).origin}, got status ${status}: ${shown}`,
    { retryable },
  );
}

/** One result or error of the router, or a list of them. */
function isOfRouter(answer: unknown): boolean {
  const parts: unknown[] = Array.isArray(answer) ? answer : [answer];
  return parts.every((part) => {
    if (typeof part !== 'object' || part === null) return false;
    if ('result' in part) return true;
    const { error } = part as { error?: { code?: unknown } | null };
    return typeof error?.code === 'number';
  });
}

/** Before the attempt after this one. Half of it is left to chance, so that clients that failed together do not come back together. */
export function pauseMs(attempt: number): number {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  return longest * (0.5 + Math.random() / 2);
}

/** What `fetch` failed with is in the causes of its "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof AggregateError) return error.cause.errors.map(reasonOf).join('; ');
  return error.cause instanceof Error ? error.cause.message : error.message;
}
