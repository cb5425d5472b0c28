import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { waitUntil } from '@cashback/testing';
import { type HttpClient, type HttpCallError, createHttpClient, route } from '../src/index.ts';
import { gate, testServer, upstream } from './support.ts';

const answer = z.object({ status: z.string() });

function clientOf(url: string, options: Partial<Parameters<typeof createHttpClient>[0]> = {}): HttpClient {
  const client = createHttpClient({ name: 'transactions', base_url: url, timeout_ms: 60_000, ...options });
  onTestFinished(() => client.close());
  return client;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

async function failureOf(listener: Listener, options: Partial<Parameters<typeof createHttpClient>[0]> = {}) {
  const { url } = await upstream(listener);
  return rejection(clientOf(url, options).post('/update', { a: 1 }, answer));
}

async function rejection(call: Promise<unknown>): Promise<HttpCallError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason as HttpCallError,
  );
  if (error?.name !== 'HttpCallError') throw new Error('expected a HttpCallError', { cause: error });
  return error;
}

function respond(status: number, body: string, headers: Record<string, string> = {}): Listener {
  return (_, response) => void response.writeHead(status, headers).end(body);
}

const refusal = JSON.stringify({
  error: { code: 'VERSION_MISMATCH', message: 'the version is 3', retryable: false, details: { version: 3 } },
});

describe('a call', () => {
  test('sends the token and JSON below the base path, and reads the answer; unknown fields are dropped', async () => {
    const seen: unknown[] = [];
    const { url } = await upstream((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { authorization } = request.headers;
        const type = request.headers['content-type'];
        seen.push([request.method, request.url, authorization, type, Buffer.concat(chunks).toString()]);
        response.end('{"status":"fine","later_field":1}');
      });
    });
    const client = clientOf(`${url}/v2/`, { token: 'token-of-worker' });
    expect(await client.post('/update?x=1', { a: 'ж' }, answer)).toEqual({ status: 'fine' });
    expect(await client.get('/retrieve', answer)).toEqual({ status: 'fine' });
    expect(seen).toEqual([
      ['POST', '/v2/update?x=1', 'Bearer token-of-worker', 'application/json', '{"a":"ж"}'],
      ['GET', '/v2/retrieve', 'Bearer token-of-worker', undefined, ''],
    ]);
  });

  test('understands what our own server refuses', async () => {
    const { server, start } = testServer();
    route(server, {
      method: 'POST',
      path: '/x',
      scope: 'orders',
      body: z.object({ a: z.string() }),
      handler: () => 1,
    });
    const url = await start();
    const stranger = await rejection(clientOf(url).post('/x', {}, answer));
    expect(stranger).toMatchObject({ outcome: 'refused', code: 'UNAUTHORIZED', http_status: 401 });
    const wrong = await rejection(clientOf(url, { token: 'token-of-processing' }).post('/x', {}, answer));
    expect(wrong).toMatchObject({
      outcome: 'refused',
      code: 'BAD_REQUEST',
      details: { issues: [{ path: 'a' }] },
    });
  });

  test('an answer without a body satisfies a schema that expects none', async () => {
    const { url } = await upstream(respond(204, ''));
    expect(await clientOf(url).post('/x', {}, z.undefined())).toBeUndefined();
  });
});

describe('a definite refusal', () => {
  test('carries code, status and details, and its message names upstream, method, path and reason', async () => {
    const error = await failureOf(respond(409, refusal));
    expect(error).toMatchObject({
      outcome: 'refused',
      upstream: 'transactions',
      code: 'VERSION_MISMATCH',
      http_status: 409,
      details: { version: 3 },
    });
    expect(error.message).toMatch(/^transactions: POST http:\/\/127\.0\.0\.1:\d+\/update: the version is 3$/);
  });
});

describe('an unknown outcome', () => {
  test.each([
    ['a server error with our body keeps its code', respond(500, refusal), 'VERSION_MISMATCH'],
    ['a server error without a body', respond(502, ''), 'BAD_ANSWER'],
    ['a 4xx that is not ours, as of a proxy', respond(404, '<html>not here</html>'), 'BAD_ANSWER'],
    ['a redirect', respond(302, '', { location: 'http://127.0.0.1:1/' }), 'BAD_ANSWER'],
    ['a success that is HTML', respond(200, '<html>welcome</html>'), 'BAD_ANSWER'],
    ['a success that is cut-off JSON', respond(200, '{"status":'), 'BAD_ANSWER'],
    ['a success of another shape', respond(200, '{"status":7}'), 'BAD_ANSWER'],
    ['a connection that is reset', (request) => void request.socket.resetAndDestroy(), 'CONNECTION_FAILED'],
    [
      'a connection that is closed in the middle of the answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"sta', () => response.destroy());
      },
      'CONNECTION_FAILED',
    ],
  ] as [string, Listener, string][])('%s', async (_, listener, code) => {
    expect(await failureOf(listener)).toMatchObject({ outcome: 'unknown', code });
  });

  test('an answer over 5 MB is not read to its end, even when it has the right shape', async () => {
    const error = await failureOf(respond(200, JSON.stringify({ status: 'x'.repeat(6_000_000) })));
    expect(error).toMatchObject({ outcome: 'unknown', code: 'BAD_ANSWER' });
    expect(error.message).toContain('larger than 5242880 bytes');
  });

  test('a shape that does not fit says which field', async () => {
    const error = await failureOf(respond(200, '{"status":7}'));
    expect(error.message).toContain('the answer is not as expected: status: expected string, got 7');
  });

  test.each([
    [408, '2', 2_000],
    [425, undefined, undefined],
    [429, '5', 5_000],
    [429, 'soon', undefined],
    [503, '1', 1_000],
    [503, '999999999', 3_600_000],
  ])('%d with Retry-After %s states when to retry', async (status, retryAfter, retry_after_ms) => {
    const error = await failureOf(
      respond(status, refusal, retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    );
    expect(error).toMatchObject({ outcome: 'unknown', http_status: status });
    expect(error.retry_after_ms).toBe(retry_after_ms);
  });

  test('Retry-After may be a date', async () => {
    const error = await failureOf(
      respond(429, refusal, { 'retry-after': new Date(Date.now() + 600_000).toUTCString() }),
    );
    expect(error.retry_after_ms).toBeGreaterThan(500_000);
    expect(error.retry_after_ms).toBeLessThanOrEqual(600_000);
  });

  test('a server that never answers ends with the timeout', async () => {
    const error = await failureOf(() => {}, { timeout_ms: 50 });
    expect(error).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT', http_status: undefined });
    expect(error.message).toContain('no answer within 50 ms');
  });

  test('the timeout covers a body that never ends', async () => {
    const error = await failureOf((_, response) => void response.writeHead(200).write('{"sta'), {
      timeout_ms: 100,
    });
    expect(error).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT' });
  });

  test('a refused connection has an unknown outcome', async () => {
    const { url, stop } = await upstream(() => {});
    await stop();
    const error = await rejection(clientOf(url).get('/x', answer));
    expect(error).toMatchObject({ outcome: 'unknown', code: 'CONNECTION_FAILED' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('a call may have a timeout of its own', async () => {
    const { url } = await upstream(() => {});
    const error = await rejection(clientOf(url).get('/x', answer, { timeout_ms: 30 }));
    expect(error.message).toContain('no answer within 30 ms');
  });
});

async function holding(options: Partial<Parameters<typeof createHttpClient>[0]>) {
  const held: ServerResponse[] = [];
  const { url } = await upstream((_, response) => void held.push(response));
  return { held, client: clientOf(url, options) };
}

describe('the number of calls at once', () => {
  test('is bounded, and the others wait their turn', async () => {
    const { held, client } = await holding({ concurrency: 2 });
    const calls = [1, 2, 3].map(() => client.get('/x', answer));
    await waitUntil('two calls arrived', () => held.length === 2);
    held[0]?.end('{"status":"first"}');
    await waitUntil('the third call arrived', () => held.length === 3);
    held[1]?.end('{"status":"second"}');
    held[2]?.end('{"status":"third"}');
    expect((await Promise.all(calls)).map(({ status }) => status).toSorted()).toEqual([
      'first',
      'second',
      'third',
    ]);
  });

  test('and of those that wait is bounded: one more is rejected at once', async () => {
    const { held, client } = await holding({ concurrency: 1, max_waiting: 1 });
    const calls = [client.get('/x', answer), client.get('/x', answer)];
    const error = await rejection(client.get('/x', answer));
    expect(error).toMatchObject({ outcome: 'unknown', code: 'TOO_MANY_WAITING' });
    for (const at of [0, 1]) {
      await waitUntil('a call arrived', () => held.length > at);
      held[at]?.end('{"status":"fine"}');
    }
    await Promise.all(calls);
  });

  test('a call that is given up while it waits or runs leaves its place to others', async () => {
    const { held, client } = await holding({ concurrency: 1 });
    const running = new AbortController();
    const waiting = new AbortController();
    const first = rejection(client.get('/running', answer, { signal: running.signal }));
    const second = rejection(client.get('/waiting', answer, { signal: waiting.signal }));
    const third = client.get('/third', answer);
    await waitUntil('the first call arrived', () => held.length === 1);
    waiting.abort();
    expect(await second).toMatchObject({ outcome: 'unknown', code: 'ABORTED' });
    running.abort();
    expect(await first).toMatchObject({ outcome: 'unknown', code: 'ABORTED' });
    await waitUntil('the third call arrived', () => held.length === 2);
    expect(held[1]?.req.url).toBe('/third');
    held[1]?.end('{"status":"fine"}');
    await third;
  });

  test('a signal that is aborted already sends nothing', async () => {
    const { held, client } = await holding({});
    const error = await rejection(client.get('/x', answer, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'ABORTED' });
    expect(held).toHaveLength(0);
  });

  test('close lets the running call end and rejects waiting and later calls', async () => {
    const { held, client } = await holding({ concurrency: 1 });
    const running = client.get('/x', answer);
    const waiting = rejection(client.get('/x', answer));
    await waitUntil('the first call arrived', () => held.length === 1);
    const closed = client.close();
    expect(await waiting).toMatchObject({ outcome: 'unknown', code: 'CLOSED' });
    const late = rejection(client.get('/x', answer));
    held[0]?.end('{"status":"fine"}');
    expect(await running).toEqual({ status: 'fine' });
    expect(await late).toMatchObject({ outcome: 'unknown', code: 'CLOSED' });
    await closed;
  });
});

test('an upstream that cannot be asked makes the caller of our route try again, without naming the upstream', async () => {
  const reached = gate();
  const { url } = await upstream((request) => {
    reached.open();
    request.socket.destroy();
  });
  const client = clientOf(url);
  const { server, start } = testServer();
  route(server, { method: 'GET', path: '/x', scope: 'orders', handler: () => client.get('/inner', answer) });
  const outer = clientOf(await start(), { token: 'token-of-processing' });
  const error = await rejection(outer.get('/x', answer));
  await reached.opened;
  expect(error).toMatchObject({ outcome: 'unknown', code: 'UPSTREAM_UNAVAILABLE', http_status: 503 });
  expect(error.message).not.toContain('/inner');
});
