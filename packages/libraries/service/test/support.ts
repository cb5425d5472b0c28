import type { RequestListener } from 'node:http';
import { type TestHttpServer, startHttpServer } from '@cashback/testing/http-server';
import { onTestFinished } from 'vitest';
import {
  type HttpServer,
  type HttpServerOptions,
  type Log,
  createHttpServer,
  createLog,
  listen,
} from '../src/index.ts';

export const TOKENS = [
  { caller: 'processing', token: 'token-of-processing', scopes: ['orders'] },
  { caller: 'auditor', token: 'token-of-the-auditor', scopes: ['events'] },
];

export const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export interface LogLine {
  level: string;
  msg: string;
  [field: string]: unknown;
}

/** A log whose lines a test can read. */
export function recordingLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) };
  return { log: createLog({ name: 'test', level: 'trace', json: true, destination }), lines };
}

interface TestServer {
  server: HttpServer;
  lines: LogLine[];
  start: () => Promise<string>;
}

/** A server on a free port, closed when the test is over. */
export function testServer(options: Partial<HttpServerOptions> = {}): TestServer {
  const { log, lines } = recordingLog();
  const server = createHttpServer({ name: 'shop', log, tokens: TOKENS, health: async () => {}, ...options });
  onTestFinished(async () => {
    await server.close();
  });
  return { server, lines, start: () => listen(server, { port: 0 }) };
}

interface ReplyJson {
  error: { code: string; message: string; retryable: boolean; details?: unknown; issues?: unknown };
  [field: string]: unknown;
}

interface Reply {
  status: number;
  headers: Headers;
  json: ReplyJson;
}

/** A plain request, as a caller that knows nothing of our client sends it. */
export async function send(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000), ...init });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: JSON.parse(text === '' ? 'null' : text) as ReplyJson,
  };
}

export function asProcessing(
  body?: unknown,
): Omit<RequestInit, 'headers'> & { headers: Record<string, string> } {
  const authorization = 'Bearer token-of-processing';
  if (body === undefined) return { headers: { authorization } };
  return {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** An upstream that behaves as `listener` says, however badly. */
export async function upstream(listener: RequestListener): Promise<TestHttpServer> {
  const server = await startHttpServer(listener);
  onTestFinished(() => server.stop());
  return server;
}

/** A promise that is settled from outside. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}
