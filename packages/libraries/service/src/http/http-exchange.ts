import type { Dispatcher } from 'undici';
import { HttpCallError } from './http-call-error.ts';
import { type Called, callError, noAnswer, parseJson, refusalOf, shorten } from './failed-call.ts';

export interface Exchange extends Called {
  dispatcher: Dispatcher;
  headers: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

export interface JsonAnswer {
  http_status: number;
  /** Undefined when the answer has no body. */
  json: unknown;
}

/** No answer may fill the memory, however much the other side sends. */
export const MAX_ANSWER_BYTES = 5 * 1024 * 1024;

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
    throw refusalOf(call, { http_status: statusCode, text, retry_after: headers['retry-after'] });
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

function failure(call: Exchange, cause: unknown): HttpCallError {
  const outcome = 'unknown';
  if (call.signal?.aborted === true)
    return callError(call, 'was given up', { outcome, code: 'ABORTED', cause });
  if (cause instanceof Error && cause.name === 'AbortError') {
    return noAnswer(call, cause);
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
