import PQueue from 'p-queue';
import { Pool } from 'undici';
import type { z } from 'zod';
import { type CircuitOptions, CircuitOpenError, type UpstreamState, createCircuit } from './circuit.ts';
import { describeIssues } from '../settings/describe-issues.ts';
import { callError } from './failed-call.ts';
import { type Exchange, type JsonAnswer, MAX_ANSWER_BYTES, exchange } from './http-exchange.ts';

export interface HttpClientOptions {
  /** The name of the upstream, for messages. */
  name: string;
  base_url: string;
  token?: string;
  /** For one call from the moment it leaves, with the reading of its answer. */
  timeout_ms: number;
  /** How many calls run at once; the others wait. */
  concurrency?: number;
  /** How many calls may wait; one more is rejected with `TOO_MANY_WAITING`. */
  max_waiting?: number;
  /** As many as `concurrency` when absent. */
  connections?: number;
  /** Most calls that leave in a second; the others wait. Unbounded when absent. */
  rate_per_second?: number;
  /** Holds calls back while the upstream is down; absent: every call leaves. */
  circuit?: CircuitOptions;
}

export interface CallOptions {
  timeout_ms?: number;
  /** Aborts the call, waiting or running. */
  signal?: AbortSignal;
}

export interface HttpClient {
  /** Resolves with the answer as its schema reads it; rejects with `HttpCallError`. */
  get<S extends z.ZodType>(path: string, answer: S, options?: CallOptions): Promise<z.output<S>>;
  post<S extends z.ZodType>(
    path: string,
    body: unknown,
    answer: S,
    options?: CallOptions,
  ): Promise<z.output<S>>;
  state(): UpstreamState;
  /** How long its circuit held calls back since then, as far as this process knows. */
  downtimeMs(since: Date): number;
  /** Waits for the calls that run; those that still wait are rejected. */
  close(): Promise<void>;
}

const ALWAYS_CLOSED: UpstreamState = { circuit: 'closed', retry_after_ms: 0, answers_since: null };
/** At most a tenth of a second's calls leave at one moment. */
const RATE_PARTS = 10;

/**
 * A client for one upstream. The way of a call:
 *
 *   bound on waiting calls -> queue: concurrency and rate -> circuit -> exchange, with its timeout -> schema
 *        |                        |                            |            |                          |
 *   TOO_MANY_WAITING        ABORTED, CLOSED              CIRCUIT_OPEN   refused or unknown         BAD_ANSWER
 *
 * Only an answer that is definite counts as refused. Every other error leaves it unknown whether the call took effect.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { name, token, timeout_ms, concurrency = 32, max_waiting = 10_000 } = options;
  const base = new URL(options.base_url);
  const prefix = base.pathname.replace(/\/+$/, '');
  const queue = new PQueue({ concurrency, ...rateLimit(options.rate_per_second) });
  const circuit = options.circuit && createCircuit(name, options.circuit);
  const abortWaiting = new Set<() => void>();
  let closed: Promise<void> | undefined;
  const pool = new Pool(base.origin, {
    connections: options.connections ?? concurrency,
    maxResponseSize: MAX_ANSWER_BYTES,
    connect: { timeout: timeout_ms },
    // The timeout of the whole call is the only one.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const headers = {
    accept: 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };

  async function call<S extends z.ZodType>(request: Exchange, answer: S): Promise<z.output<S>> {
    if (queue.size >= max_waiting) {
      throw callError(request, `${queue.size} calls wait already`, {
        outcome: 'unknown',
        code: 'TOO_MANY_WAITING',
      });
    }
    const { http_status, json } = await enqueue(request);
    const parsed = answer.safeParse(json);
    if (parsed.success) return parsed.data;
    const issues = describeIssues(parsed.error, json).map(({ message }) => message);
    const what = `the answer is not as expected: ${issues.join('; ')}`;
    throw callError(request, what, { outcome: 'unknown', code: 'BAD_ANSWER', http_status });
  }

  /** Waits for a free place. A call that is aborted meanwhile was certainly not sent. */
  async function enqueue(request: Exchange): Promise<JsonAnswer> {
    const waiting = new AbortController();
    const abort = (): void => waiting.abort();
    if (request.signal?.aborted === true) abort();
    request.signal?.addEventListener('abort', abort, { once: true });
    abortWaiting.add(abort);
    const leave = (): void => {
      request.signal?.removeEventListener('abort', abort);
      abortWaiting.delete(abort);
    };
    let sent = false;
    try {
      return await queue.add(
        () => {
          sent = true;
          leave();
          return send(request);
        },
        { signal: waiting.signal },
      );
    } catch (error) {
      if (sent) throw error;
      leave();
      const code = request.signal?.aborted === true ? 'ABORTED' : 'CLOSED';
      throw callError(request, 'given up before it was sent', { outcome: 'unknown', code, cause: error });
    }
  }

  async function send(request: Exchange): Promise<JsonAnswer> {
    if (circuit === undefined) return exchange(request);
    try {
      return await circuit.run(() => exchange(request));
    } catch (error) {
      if (!(error instanceof CircuitOpenError)) throw error;
      throw callError(request, 'not sent: it is down, and is being probed', {
        outcome: 'unknown',
        code: 'CIRCUIT_OPEN',
        retry_after_ms: error.retry_after_ms,
      });
    }
  }

  function requestTo(path: string, { timeout_ms: timeoutMs, signal }: CallOptions) {
    return {
      dispatcher: pool,
      upstream: name,
      origin: base.origin,
      path: `${prefix}${path}`,
      timeout_ms: timeoutMs ?? timeout_ms,
      ...(signal && { signal }),
    };
  }

  return {
    get: (path, answer, callOptions = {}) =>
      call({ ...requestTo(path, callOptions), method: 'GET', headers }, answer),
    post: (path, body, answer, callOptions = {}) =>
      call(
        {
          ...requestTo(path, callOptions),
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        },
        answer,
      ),
    state: () => circuit?.state() ?? ALWAYS_CLOSED,
    downtimeMs: (since) => circuit?.downtimeMs(since) ?? 0,
    async close() {
      for (const abort of abortWaiting) abort();
      closed ??= pool.close();
      await closed;
    },
  };
}

function rateLimit(perSecond: number | undefined) {
  if (perSecond === undefined) return {};
  const intervalCap = Math.ceil(perSecond / RATE_PARTS);
  return { intervalCap, interval: (intervalCap * 1_000) / perSecond };
}
