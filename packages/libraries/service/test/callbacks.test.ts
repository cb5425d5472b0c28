import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import {
  type CallbackSender,
  ServiceError,
  createCallbackSender,
  receiveCallback,
  route,
  signCallback,
} from '../src/index.ts';
import { SIGNING_SECRET, asProcessing, send, testServer, upstream } from './support.ts';

const OTHER_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const changed = z.object({ invoice_id: z.string(), version: z.int() });

function senderWith(secret: string | ((url: string) => string), timeout_ms = 60_000): CallbackSender {
  const sender = createCallbackSender({ secret, timeout_ms });
  onTestFinished(() => sender.close());
  return sender;
}

async function receiver(secret = SIGNING_SECRET, refuse?: Error) {
  const { server, start } = testServer({ body_limit_bytes: 2_000 });
  const received: unknown[] = [];
  receiveCallback(server, {
    path: '/callbacks/invoice',
    secret,
    body: changed,
    handler: (callback) => {
      if (refuse) throw refuse;
      received.push(callback);
    },
  });
  route(server, {
    method: 'POST',
    path: '/plain',
    scope: 'orders',
    body: changed,
    handler: ({ body }) => body,
  });
  const base = await start();
  return { base, url: `${base}/callbacks/invoice`, received };
}

const payload = { invoice_id: 'order-1', version: 3 };

interface Signing {
  now?: Date;
  secret?: string;
  /** Sent in place of those that belong to the body. */
  headers?: Record<string, string>;
}

function signed(body: string, { now = new Date(), secret = SIGNING_SECRET, headers = {} }: Signing = {}) {
  return {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      ...signCallback(secret, { id: 'msg-1', body, now }),
      ...headers,
    },
  };
}

describe('a signed callback', () => {
  test('arrives with its id; fields that the receiver does not know are dropped', async () => {
    const { url, received } = await receiver();
    await senderWith(SIGNING_SECRET).send({ id: 'msg-1', url, payload: { ...payload, later_field: 'ж' } });
    expect(received).toEqual([{ webhook_id: 'msg-1', body: payload }]);
  });

  test('is answered 204', async () => {
    const { url } = await receiver();
    expect((await send(url, signed(JSON.stringify(payload)))).status).toBe(204);
  });

  test('is checked over the bytes that came, not over what they mean', async () => {
    const { url, received } = await receiver();
    const spaced = '{ "version" : 3,\n "invoice_id":"order-1" }';
    expect((await send(url, signed(spaced))).status).toBe(204);
    expect(received).toHaveLength(1);
    const compact = JSON.stringify(JSON.parse(spaced));
    expect((await send(url, { ...signed(spaced), body: compact })).status).toBe(401);
  });

  test('leaves the other routes of the server their tokens and their JSON', async () => {
    const { base } = await receiver();
    expect(await send(`${base}/plain`, asProcessing(payload))).toMatchObject({ status: 200, json: payload });
    expect((await send(`${base}/plain`, signed(JSON.stringify(payload)))).status).toBe(401);
  });

  test('may be signed by a secret for each receiver', async () => {
    const { url, received } = await receiver(OTHER_SECRET);
    const sender = senderWith((to) => (to === url ? OTHER_SECRET : SIGNING_SECRET));
    await sender.send({ id: 'msg-1', url, payload });
    expect(received).toHaveLength(1);
  });

  test.each([
    ['the sender has both secrets', `${OTHER_SECRET} ${SIGNING_SECRET}`, SIGNING_SECRET],
    ['the receiver has both secrets', SIGNING_SECRET, `${OTHER_SECRET} ${SIGNING_SECRET}`],
  ])('is accepted during a rotation where %s', async (_, sending, receiving) => {
    const { url, received } = await receiver(receiving);
    await senderWith(sending).send({ id: 'msg-1', url, payload });
    expect(received).toHaveLength(1);
  });
});

function minutesAgo(minutes: number): Date {
  return new Date(Date.now() - minutes * 60_000);
}

describe('a callback that is not as signed', () => {
  const body = JSON.stringify(payload);

  test.each([
    ['another body', { ...signed(body), body: body.replace('3', '4') }, 'does not fit the body'],
    ['another id', signed(body, { headers: { 'webhook-id': 'msg-2' } }), 'does not fit the body'],
    ['another secret', signed(body, { secret: OTHER_SECRET }), 'does not fit the body'],
    [
      'a made-up signature',
      signed(body, { headers: { 'webhook-signature': 'v1,AAAA' } }),
      'does not fit the body',
    ],
    ['a timestamp of later', signed(body, { now: minutesAgo(-6) }), 'more than 5 minutes ahead'],
    ['a timestamp of long ago', signed(body, { now: minutesAgo(6) }), 'more than 5 minutes ago'],
    [
      'a timestamp that is none',
      signed(body, { headers: { 'webhook-timestamp': '1e9' } }),
      'seconds since 1970',
    ],
    [
      'no signature',
      { method: 'POST', body, headers: { 'content-type': 'application/json' } },
      'headers webhook-id',
    ],
  ])('by %s is refused with 401 that says why', async (_, init, reason) => {
    const { url, received } = await receiver();
    const { status, json } = await send(url, init);
    expect(status).toBe(401);
    expect(json.error).toMatchObject({ code: 'BAD_SIGNATURE', retryable: false });
    expect(json.error.message).toContain(reason);
    expect(received).toHaveLength(0);
  });

  test('by bytes that no text has is refused, though the text they are read as was signed', async () => {
    const { url } = await receiver();
    const text = '{"invoice_id":"\ufffd","version":3}';
    const bytes = Buffer.from(text.replace('\ufffd', '\u00ff'), 'latin1');
    expect(bytes.toString('utf8')).toBe(text);
    const { status, json } = await send(url, { ...signed(text), body: bytes });
    expect(status).toBe(401);
    expect(json.error.message).toContain('not UTF-8');
  });

  test('an unsigned body is refused before it is read, even when it is malformed', async () => {
    const { url } = await receiver();
    const { status } = await send(url, { ...signed(body), body: '{{{' });
    expect(status).toBe(401);
  });
});

describe('a signed callback that cannot be taken', () => {
  test.each([
    ['is not JSON', '{{{', 400, 'BAD_REQUEST', 'expected JSON'],
    [
      'has a wrong field',
      '{"invoice_id":7,"version":3}',
      400,
      'BAD_REQUEST',
      'invoice_id: expected string, got 7',
    ],
    ['is too large', `"${'x'.repeat(3_000)}"`, 413, 'PAYLOAD_TOO_LARGE', '2000 bytes'],
  ])('because it %s is answered in our shape', async (_, body, status, code, message) => {
    const { url } = await receiver();
    const reply = await send(url, signed(body));
    expect(reply.status).toBe(status);
    expect(reply.json.error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('of another content type is answered 415', async () => {
    const { url } = await receiver();
    expect((await send(url, signed('{}', { headers: { 'content-type': 'text/plain' } }))).status).toBe(415);
  });

  test('answers the sender why the handler refused', async () => {
    const refuse = new ServiceError('too busy', {
      code: 'OVERLOADED',
      http_status: 503,
      retryable: true,
      details: { retry_after_ms: 3_000 },
    });
    const { url } = await receiver(SIGNING_SECRET, refuse);
    await expect(senderWith(SIGNING_SECRET).send({ id: 'msg-1', url, payload })).rejects.toMatchObject({
      name: 'HttpCallError',
      outcome: 'unknown',
      code: 'OVERLOADED',
      retry_after_ms: 3_000,
    });
  });
});

describe('the sender', () => {
  test('rejects with a HttpCallError that says the signature was refused', async () => {
    const { url } = await receiver();
    await expect(senderWith(OTHER_SECRET).send({ id: 'msg-1', url, payload })).rejects.toMatchObject({
      outcome: 'refused',
      code: 'BAD_SIGNATURE',
      message: expect.stringContaining(url),
    });
  });

  test('gives up on a receiver that never answers', async () => {
    const { url } = await upstream(() => {});
    await expect(senderWith(SIGNING_SECRET, 50).send({ id: 'msg-1', url, payload })).rejects.toMatchObject({
      outcome: 'unknown',
      code: 'TIMEOUT',
    });
  });

  test('keeps its connections', async () => {
    const ports = new Set<number | undefined>();
    const { url } = await upstream((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(204).end();
    });
    const sender = senderWith(SIGNING_SECRET);
    for (let id = 0; id < 50; id++) await sender.send({ id: String(id), url: `${url}/path?x=1`, payload });
    expect(ports.size).toBeLessThanOrEqual(3);
  });
});
