import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { waitUntil } from '@cashback/testing';
import { type HttpCallError, type HttpClient, createHttpClient } from '../src/index.ts';
import { type LogLine, recordingLog, upstream } from './support.ts';

const answer = z.object({ status: z.string() });
const MIN_CALLS = 10;

type Listener = (request: IncomingMessage, response: ServerResponse) => void;
type ClientOptions = Partial<Parameters<typeof createHttpClient>[0]>;
type Circuit = Partial<NonNullable<ClientOptions['circuit']>>;

function respond(status: number, body: string, headers: Record<string, string> = {}): Listener {
  return (_, response) => void response.writeHead(status, headers).end(body);
}
const fine = respond(200, '{"status":"fine"}');
const broken = respond(500, '{}');

interface Watched {
  client: HttpClient;
  lines: LogLine[];
  arrived: () => number;
  /** What the upstream does from now on. */
  behave: (listener: Listener) => void;
}

async function watched(first: Listener, circuit: Circuit = {}, more: ClientOptions = {}): Promise<Watched> {
  let listener = first;
  let arrivals = 0;
  const { url } = await upstream((request, response) => {
    arrivals += 1;
    listener(request, response);
  });
  const { log, lines } = recordingLog();
  const client = createHttpClient({
    name: 'transactions',
    base_url: url,
    timeout_ms: 60_000,
    circuit: { log, min_calls: MIN_CALLS, open_base_ms: 60_000, open_max_ms: 60_000, ...circuit },
    ...more,
  });
  onTestFinished(() => client.close());
  return { client, lines, arrived: () => arrivals, behave: (next) => (listener = next) };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'answered',
    (error: HttpCallError) => error.code,
  );
}

async function callTimes({ client }: Pick<Watched, 'client'>, times: number): Promise<string[]> {
  const codes: string[] = [];
  for (let call = 0; call < times; call++) codes.push(await codeOf(client.get('/x', answer)));
  return codes;
}

function messagesOf(lines: readonly LogLine[]): string[] {
  return lines.map(({ msg }) => msg);
}

describe('the circuit opens, and nothing more leaves, when an upstream', () => {
  test.each<[string, Listener, ClientOptions]>([
    ['answers 500', broken, {}],
    ['answers 502 with the page of a proxy', respond(502, '<html>bad gateway</html>'), {}],
    ['answers 503 and says when to come again', respond(503, '{}', { 'retry-after': '7' }), {}],
    ['answers 429 and says when to come again', respond(429, '{}', { 'retry-after': '7' }), {}],
    ['answers 200 with a page for people', respond(200, '<html>maintenance</html>'), {}],
    ['refuses our token', respond(401, '{"error":{"code":"UNAUTHORIZED","message":"unknown token"}}'), {}],
    ['does not let our token do that', respond(403, '{"error":{"code":"FORBIDDEN","message":"no"}}'), {}],
    ['cuts connections', (request) => void request.socket.resetAndDestroy(), {}],
    ['does not answer in time', () => {}, { timeout_ms: 20 }],
  ])('%s', async (_, listener, more) => {
    const down = await watched(listener, {}, more);
    const codes = await callTimes(down, MIN_CALLS);
    expect(codes).not.toContain('CIRCUIT_OPEN');
    expect(await callTimes(down, 5)).toEqual(Array<string>(5).fill('CIRCUIT_OPEN'));
    expect(down.arrived()).toBe(MIN_CALLS);
    expect(down.client.state().circuit).toBe('open');
  });

  test('is not there', async () => {
    const down = await watched(fine);
    const { url, stop } = await upstream(() => {});
    await stop();
    const { log } = recordingLog();
    const circuit = { log, min_calls: MIN_CALLS, open_base_ms: 60_000, open_max_ms: 60_000 };
    const client = createHttpClient({ name: 'gone', base_url: url, timeout_ms: 60_000, circuit });
    onTestFinished(() => client.close());
    expect(new Set(await callTimes({ client }, MIN_CALLS))).toEqual(new Set(['CONNECTION_FAILED']));
    expect(await callTimes({ client }, 1)).toEqual(['CIRCUIT_OPEN']);
    // Each upstream has a circuit of its own.
    expect(await callTimes(down, 1)).toEqual(['answered']);
  });
});

describe('the circuit stays closed', () => {
  const refusal = JSON.stringify({ error: { code: 'VERSION_MISMATCH', message: 'the version is 3' } });
  test.each<[string, Listener]>([
    ['whatever is refused', respond(409, refusal)],
    ['while a proxy does not know the address', respond(404, '<html>not here</html>')],
    ['while answers have another shape', respond(200, '{"status":7}')],
  ])('%s', async (_, listener) => {
    const up = await watched(listener);
    expect(await callTimes(up, 5 * MIN_CALLS)).not.toContain('CIRCUIT_OPEN');
    expect(up.arrived()).toBe(5 * MIN_CALLS);
  });

  test('when few calls are made, even if all of them fail', async () => {
    const quiet = await watched(broken);
    expect(await callTimes(quiet, MIN_CALLS - 1)).not.toContain('CIRCUIT_OPEN');
  });

  test('as long as half of the calls are answered', async () => {
    let calls = 0;
    const half = await watched((request, response) => {
      calls += 1;
      (calls % 2 === 0 ? broken : fine)(request, response);
    });
    expect(await callTimes(half, 5 * MIN_CALLS)).not.toContain('CIRCUIT_OPEN');
  });

  test('when callers give their calls up', async () => {
    const slow = await watched(() => {});
    const giveUp = new AbortController();
    const calls = Array.from({ length: 3 * MIN_CALLS }, () =>
      codeOf(slow.client.get('/x', answer, { signal: giveUp.signal })),
    );
    await waitUntil('calls arrived', () => slow.arrived() > MIN_CALLS);
    giveUp.abort();
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['ABORTED']));
    expect(slow.client.state().circuit).toBe('closed');
  });
});

describe('an open circuit', () => {
  /** Opens it, and returns with the upstream behaving as `then` says. */
  async function opened(then: Listener, circuit: Circuit = {}, more: ClientOptions = {}): Promise<Watched> {
    const down = await watched(broken, circuit, more);
    await callTimes(down, MIN_CALLS);
    expect(down.client.state().circuit).toBe('open');
    down.behave(then);
    return down;
  }

  async function untilAProbeMayLeave({ client }: Watched): Promise<void> {
    await waitUntil('a probe may leave', () => client.state().retry_after_ms === 0);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }

  test('lets a single call probe; the others wait for it, and leave when it is answered', async () => {
    const held: ServerResponse[] = [];
    const down = await opened((_, response) => void held.push(response), { open_base_ms: 20 });
    await untilAProbeMayLeave(down);
    const before = down.arrived();
    const calls = Array.from({ length: 8 }, () => codeOf(down.client.get('/x', answer)));
    await waitUntil('the probe arrived', () => held.length === 1);
    expect(down.client.state().circuit).toBe('probing');
    expect(down.arrived()).toBe(before + 1);
    down.behave(fine);
    held[0]?.end('{"status":"fine"}');
    expect(await Promise.all(calls)).toEqual(Array<string>(8).fill('answered'));
    expect(down.client.state()).toMatchObject({ circuit: 'closed', answers_since: expect.any(Date) });
  });

  test('counts the time in which it was open as downtime, of every outage, and no other', async () => {
    const before = new Date(Date.now() - 60_000);
    const down = await opened(broken, { open_base_ms: 20, open_max_ms: 20 });
    const opens = async (): Promise<void> => {
      down.behave(broken);
      await callTimes(down, MIN_CALLS);
      expect(down.client.state().circuit).toBe('open');
    };
    const closes = async (): Promise<void> => {
      down.behave(fine);
      await untilAProbeMayLeave(down);
      await callTimes(down, 1);
      expect(down.client.state().circuit).toBe('closed');
    };
    await waitUntil('the outage that goes on counts', () => down.client.downtimeMs(before) > 0);
    await closes();
    const first = down.client.downtimeMs(before);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(60_000);
    const between = new Date();
    expect(down.client.downtimeMs(between)).toBe(0);
    await opens();
    await closes();
    const second = down.client.downtimeMs(between);
    expect(second).toBeGreaterThan(0);
    expect(down.client.downtimeMs(before)).toBe(first + second);
  });

  test('rejects those that wait when the probe fails, and waits longer each time, up to a limit', async () => {
    const down = await opened(broken, { open_base_ms: 20, open_max_ms: 80 });
    const waits: number[] = [];
    for (let probe = 0; probe < 6; probe++) {
      await untilAProbeMayLeave(down);
      const before = down.arrived();
      const codes = await Promise.all(Array.from({ length: 4 }, () => codeOf(down.client.get('/x', answer))));
      expect(codes.toSorted()).toEqual(['BAD_ANSWER', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN']);
      expect(down.arrived()).toBe(before + 1);
      waits.push(down.client.state().retry_after_ms);
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(80);
    expect(Math.max(...waits)).toBeGreaterThan(20);
  });

  test('stays open for as long as the upstream asks to be left alone', async () => {
    const down = await watched(respond(503, '{}', { 'retry-after': '600' }), { open_base_ms: 1 });
    await callTimes(down, MIN_CALLS + 1);
    const { retry_after_ms } = down.client.state();
    expect(retry_after_ms).toBeGreaterThan(500_000);
    const error = await down.client.get('/x', answer).catch((reason: unknown) => reason as HttpCallError);
    expect(error).toMatchObject({ code: 'CIRCUIT_OPEN', outcome: 'unknown' });
    expect((error as HttpCallError).retry_after_ms).toBeGreaterThan(500_000);
  });

  test('is not closed by a probe that is given up', async () => {
    const down = await opened(() => {}, { open_base_ms: 20 });
    await untilAProbeMayLeave(down);
    const before = down.arrived();
    const giveUp = new AbortController();
    const probe = codeOf(down.client.get('/x', answer, { signal: giveUp.signal }));
    await waitUntil('the probe arrived', () => down.arrived() === before + 1);
    giveUp.abort();
    expect(await probe).toBe('ABORTED');
    expect(down.client.state().circuit).toBe('open');
  });

  test('is logged once when it opens and once when it closes, however many probes fail between', async () => {
    const down = await opened(broken, { open_base_ms: 5, open_max_ms: 10 });
    for (let probe = 0; probe < 3; probe++) {
      await untilAProbeMayLeave(down);
      await callTimes(down, 2);
    }
    down.behave(fine);
    await untilAProbeMayLeave(down);
    expect(await callTimes(down, 3)).toEqual(['answered', 'answered', 'answered']);
    expect(messagesOf(down.lines)).toEqual([
      'upstream is down: its calls are held back, and single ones probe it',
      'upstream answers again',
    ]);
    expect(down.lines[0]).toMatchObject({ level: 'warn', upstream: 'transactions' });
    expect(down.lines[0]?.['error']).toContain('answered 500');
    expect(down.lines[1]).toMatchObject({ level: 'info', upstream: 'transactions' });
  });

  test('holds back the calls that wait for a free place, too', async () => {
    const down = await watched(broken, {}, { concurrency: 2 });
    const calls = Array.from({ length: 5 * MIN_CALLS }, () => codeOf(down.client.get('/x', answer)));
    const codes = await Promise.all(calls);
    expect(codes.filter((code) => code === 'CIRCUIT_OPEN').length).toBeGreaterThanOrEqual(4 * MIN_CALLS - 2);
    expect(down.arrived()).toBeLessThanOrEqual(MIN_CALLS + 2);
  });
});

test('no more calls leave in a second than the rate allows, and none is lost', async () => {
  const arrivals: number[] = [];
  const { url } = await upstream((request, response) => {
    arrivals.push(performance.now());
    fine(request, response);
  });
  const client = createHttpClient({ name: 'slow', base_url: url, timeout_ms: 60_000, rate_per_second: 50 });
  onTestFinished(() => client.close());
  const began = performance.now();
  const calls = Array.from({ length: 70 }, () => codeOf(client.get('/x', answer)));
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['answered']));
  const last = arrivals.at(-1) ?? 0;
  // 70 calls at 50 a second, of which the first tenth of a second's worth leaves at once.
  expect(last - began).toBeGreaterThanOrEqual(1_000);
  expect(arrivals).toHaveLength(70);
});
