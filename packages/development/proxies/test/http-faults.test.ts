import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { untilEqual } from '@cashback/testing';
import { startHttpServer } from '@cashback/testing/http-server';
import { type HttpFault, startFaultyHttpProxy } from '../src/index.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A service that counts: each answer has the number of requests so far, and this one's body. */
async function startCounter() {
  const received: string[] = [];
  const server = await startHttpServer((request, response) => {
    void text(request).then((body) => {
      received.push(body);
      response.end(`${received.length}: ${body}`);
    });
  });
  cleanups.push(() => server.stop());
  const proxy = await startFaultyHttpProxy(server.url);
  cleanups.push(() => proxy.stop());
  const post = async (body: string, timeout_ms = 60_000) => {
    const answer = await fetch(`${proxy.url}/count`, {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(timeout_ms),
    });
    return {
      status: answer.status,
      retry_after: answer.headers.get('retry-after'),
      body: await answer.text(),
    };
  };
  const fail = (fault: HttpFault): void => proxy.setFault(() => fault);
  return { received, post, fail, proxy };
}

test('without a fault a request and its answer pass', async () => {
  const { post } = await startCounter();
  expect(await post('one')).toMatchObject({ status: 200, body: '1: one' });
});

test('status and html: the service does not receive the request', async () => {
  const { post, fail, received } = await startCounter();
  fail({ kind: 'status', status: 503, retry_after: '2' });
  expect(await post('one')).toMatchObject({ status: 503, retry_after: '2' });
  fail({ kind: 'html' });
  expect(await post('two')).toMatchObject({ status: 200, body: expect.stringContaining('<html>') });
  expect(received).toEqual([]);
});

test('hang and reset: there is no answer, and the service does not receive the request', async () => {
  const { post, fail, received } = await startCounter();
  fail({ kind: 'hang' });
  await expect(post('one', 200)).rejects.toThrow('timeout');
  fail({ kind: 'reset' });
  await expect(post('two')).rejects.toThrow('fetch failed');
  expect(received).toEqual([]);
});

test('applied then reset: the service applied it, and the caller cannot know', async () => {
  const { post, fail, received } = await startCounter();
  fail({ kind: 'applied_then_reset' });
  await expect(post('one')).rejects.toThrow('fetch failed');
  expect(received).toEqual(['one']);
});

test('repeated and swallowed: the service receives a request more often than it was sent, or never', async () => {
  const { post, fail, received } = await startCounter();
  fail({ kind: 'repeated', times: 10 });
  expect(await post('one')).toMatchObject({ body: '10: one' });
  fail({ kind: 'swallowed' });
  expect(await post('two')).toMatchObject({ status: 200 });
  expect(received).toEqual(Array.from({ length: 10 }, () => 'one'));
});

test('applied then a status: the service applied it, and the caller gets an error', async () => {
  const { post, fail, received } = await startCounter();
  fail({ kind: 'applied_then_status', status: 500 });
  expect(await post('one')).toMatchObject({ status: 500 });
  expect(received).toEqual(['one']);
});

test('late: a later request overtakes it', async () => {
  const { post, proxy, received } = await startCounter();
  let requests = 0;
  proxy.setFault(() => ((requests += 1) === 1 ? { kind: 'late', by_ms: 3_000 } : null));
  const first = post('one');
  await untilEqual(() => requests, 1);
  await post('two');
  await first;
  expect(received).toEqual(['two', 'one']);
  expect(proxy.happened.late).toBe(1);
});

test('stale: the same request gets its first answer again', async () => {
  const { post, fail, proxy } = await startCounter();
  await post('one');
  expect(await post('one')).toMatchObject({ body: '2: one' });
  fail({ kind: 'stale' });
  expect(await post('one')).toMatchObject({ body: '1: one' });
  expect(await post('two')).toMatchObject({ body: '4: two' });
  proxy.setFault(null);
  expect(await post('one')).toMatchObject({ body: '5: one' });
});

test('a fault counts as happened only once it took effect', async () => {
  const { post, fail, proxy } = await startCounter();
  fail({ kind: 'stale' });
  await post('one');
  expect(proxy.happened.stale, 'no earlier answer').toBeUndefined();
  await post('one');
  expect(proxy.happened.stale, 'the answer would have been another one').toBe(1);
  fail({ kind: 'late', by_ms: 1 });
  await post('two');
  expect(proxy.happened.late, 'nothing overtook it').toBeUndefined();
  for (const fault of [
    { kind: 'repeated', times: 2 },
    { kind: 'applied_then_status', status: 500 },
  ] as const) {
    fail(fault);
    await post('three');
    expect(proxy.happened[fault.kind]).toBe(1);
  }
  proxy.setTarget(null);
  for (const fault of [{ kind: 'repeated', times: 2 }, { kind: 'applied_then_reset' }] as const) {
    fail(fault);
    await expect(post('four')).rejects.toThrow('fetch failed');
  }
  expect(proxy.happened).toEqual({ stale: 1, repeated: 1, applied_then_status: 1 });
});
