import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { HttpCallError } from './http-call-error.ts';

export interface Exchange {
  dispatcher: Dispatcher;
  /** The name of the upstream, for messages. */
  upstream: string;
  method: 'GET' | 'POST';
  origin: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
  /** For the whole exchange: connecting, sending, waiting and reading the answer. */
  timeout_ms: number;
  signal?: AbortSignal;
}

export interface JsonAnswer {
  http_status: number;
  /** Undefined when the answer has no body. */
  json: unknown;
}

/** No answer may fill the memory, however much the other side sends. */
export const MAX_ANSWER_BYTES = 5 * 1024 * 1024;

const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
    issues: z.array(z.unknown()).optional(),
  }),
});

/** Sends one request and reads its answer; anything but a 2xx answer of JSON is thrown as `HttpCallError`. */
export async function exchange(call: Exchange): Promise<JsonAnswer> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), call.timeout_ms);
  const abort = (): void => timeout.abort();
  call.signal?.addEventListener('abort', abort, { once: true });
  try {
    if (call.signal?.aborted === true) timeout.abort();
    const { statusCode, headers, body } = await call.dispatcher.request({
      origin: call.origin,
      path: call.path,
      method: call.method,
      headers: call.headers,
      signal: timeout.signal,
      ...(call.body !== undefined && { body: call.body }),
    });
    const text = await body.text();
    if (statusCode >= 200 && statusCode < 300)
      return { http_status: statusCode, json: readJson(call, statusCode, text) };
    throw refusal(call, statusCode, text, headers['retry-after']);
  } catch (error) {
    throw error instanceof HttpCallError ? error : failure(call, error);
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener('abort', abort);
  }
}

function readJson(call: Exchange, http_status: number, text: string): unknown {
  const json = parseJson(text);
  if (json !== undefined || text === '') return json;
  const what = `the answer is not JSON: ${shorten(text)}`;
  throw callError(call, what, { outcome: 'unknown', code: 'BAD_ANSWER', http_status });
}

const RETRY_LATER_STATUSES = new Set([408, 425, 429]);

function refusal(call: Exchange, http_status: number, text: string, retryAfter: unknown): HttpCallError {
  const parsed = errorBodySchema.safeParse(parseJson(text));
  const retry_after_ms = parseRetryAfter(retryAfter);
  const { code, message, details, issues } = parsed.data?.error ?? {};
  const definite = parsed.success && http_status >= 400 && http_status < 500;
  return callError(call, message ?? `answered ${http_status}: ${shorten(text)}`, {
    outcome: definite && !RETRY_LATER_STATUSES.has(http_status) ? 'refused' : 'unknown',
    code: code ?? 'BAD_ANSWER',
    http_status,
    details: { ...details, ...(issues && { issues }) },
    ...(retry_after_ms !== undefined && { retry_after_ms }),
  });
}

function failure(call: Exchange, cause: unknown): HttpCallError {
  const outcome = 'unknown';
  if (call.signal?.aborted === true)
    return callError(call, 'was given up', { outcome, code: 'ABORTED', cause });
  if (cause instanceof Error && cause.name === 'AbortError') {
    return callError(call, `no answer within ${call.timeout_ms} ms`, { outcome, code: 'TIMEOUT', cause });
  }
  const { code, message } = cause as { code?: string; message?: string };
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
      return callError(call, 'no connection in time', { outcome, code: 'TIMEOUT', cause });
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return callError(call, `the answer is larger than ${MAX_ANSWER_BYTES} bytes`, {
        outcome,
        code: 'BAD_ANSWER',
        cause,
      });
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return callError(call, 'this client is closed', { outcome, code: 'CLOSED', cause });
    default:
      return callError(call, `the connection failed: ${message || code || String(cause)}`, {
        outcome,
        code: 'CONNECTION_FAILED',
        cause,
      });
  }
}

type CallErrorOptions = Omit<ConstructorParameters<typeof HttpCallError>[1], 'upstream' | 'method' | 'url'>;

export function callError(call: Exchange, what: string, options: CallErrorOptions): HttpCallError {
  const { upstream, method, origin, path } = call;
  return new HttpCallError(what, { upstream, method, url: `${origin}${path}`, ...options });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_RETRY_AFTER_MS = 3_600_000;

/** `Retry-After` is a number of seconds or a date. */
function parseRetryAfter(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

function shorten(text: string): string {
  if (text === '') return 'nothing';
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 197)}...`);
}
