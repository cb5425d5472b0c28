import { Agent, get } from 'node:http';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { waitUntil } from '@cashback/testing';
import { type HttpServerOptions, ServiceError, listen, route } from '../src/index.ts';
import { asProcessing, gate, send, testServer } from './support.ts';

const order = z.strictObject({ order_id: z.string(), value: z.int('a whole number') });

async function shop(
  handler: () => unknown = () => ({ done: true }),
  options: Partial<HttpServerOptions> = {},
) {
  const { server, lines, start } = testServer(options);
  route(server, {
    method: 'POST',
    path: '/orders',
    scope: 'orders',
    body: order,
    handler: ({ body, caller }) => (body.order_id === 'echo' ? { body, caller: caller.caller } : handler()),
  });
  route(server, {
    method: 'GET',
    path: '/orders/:order_id',
    scope: 'orders',
    params: z.object({ order_id: z.string().regex(/^\d+$/, 'digits') }),
    query: z.strictObject({ limit: z.coerce.number().max(10).default(5) }),
    handler: ({ params, query }) => ({ ...params, ...query }),
  });
  return { url: await start(), lines, server };
}

const good = { order_id: '1', value: 2 };

describe('a route', () => {
  test('hands the parsed inputs and the caller to the handler, and its result to the caller', async () => {
    const { url } = await shop();
    const posted = await send(`${url}/orders`, asProcessing({ order_id: 'echo', value: 2 }));
    expect(posted).toMatchObject({
      status: 200,
      json: { body: { order_id: 'echo', value: 2 }, caller: 'processing' },
    });
    const got = await send(`${url}/orders/17?limit=3`, asProcessing());
    expect(got).toMatchObject({ status: 200, json: { order_id: '17', limit: 3 } });
  });

  test('answers 204 when the handler returns nothing', async () => {
    const { url } = await shop(() => undefined);
    expect((await send(`${url}/orders`, asProcessing(good))).status).toBe(204);
  });

  test('leaves the answer to a handler that hijacks the reply', async () => {
    const { server, start } = testServer();
    route(server, {
      method: 'GET',
      path: '/stream',
      scope: 'orders',
      handler: ({ reply }) => {
        reply.hijack();
        reply.raw.end('{"raw":true}');
      },
    });
    expect((await send(`${await start()}/stream`, asProcessing())).json).toEqual({ raw: true });
  });

  test('without a token is refused with 401 and says which header is expected', async () => {
    const { url } = await shop();
    const { status, json, headers } = await send(`${url}/orders`, { method: 'POST' });
    expect(status).toBe(401);
    expect(json.error).toMatchObject({ code: 'UNAUTHORIZED', retryable: false });
    expect(json.error.message).toContain('Authorization: Bearer <token>');
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  test('with an unknown token is refused with 401, and the token is not repeated', async () => {
    const { url, lines } = await shop();
    const { status, json } = await send(`${url}/orders/1`, {
      headers: { authorization: 'Bearer guessed-token' },
    });
    expect(status).toBe(401);
    expect(JSON.stringify([json, lines])).not.toContain('guessed-token');
  });

  test('with a token that lacks the scope is refused with 403 that names the scope', async () => {
    const { url } = await shop();
    const headers = { authorization: 'Bearer token-of-the-auditor' };
    const { status, json } = await send(`${url}/orders/1`, { headers });
    expect(status).toBe(403);
    expect(json.error).toMatchObject({ code: 'FORBIDDEN', retryable: false });
    expect(json.error.message).toContain('auditor lacks the scope orders');
  });

  test('cannot be added without a scope', () => {
    const { server } = testServer();
    expect(() => server.get('/open', async () => 'secret')).toThrow('GET /open must name its scope');
  });

  test('refuses a wrong body with 400 and describes every issue', async () => {
    const { url } = await shop();
    const { status, json } = await send(`${url}/orders`, asProcessing({ value: 1.5, colour: 'red' }));
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: 'BAD_REQUEST', retryable: false });
    expect(json.error.message).toContain('value: expected a whole number, got 1.5');
    expect(json.error.issues).toEqual([
      {
        path: 'order_id',
        expected: 'string',
        received: 'nothing',
        message: 'order_id: expected string, got nothing',
      },
      expect.objectContaining({ path: 'value', received: '1.5' }),
      expect.objectContaining({ path: 'colour', received: '"red"' }),
    ]);
  });

  test.each([
    ['/orders/abc', 'order_id: expected digits, got "abc"'],
    ['/orders/1?limit=11', 'limit: expected number to be <=10, got "11"'],
    ['/orders/1?page=2', 'page: expected no field of this name, got "2"'],
  ])('refuses the wrong path or query %s with 400', async (path, message) => {
    const { url } = await shop();
    const { status, json } = await send(`${url}${path}`, asProcessing());
    expect(status).toBe(400);
    expect(json.error.message).toContain(message);
  });

  test.each([
    ['malformed JSON', asProcessing('{"order_id":'), 400, 'BAD_REQUEST'],
    ['a poisoned prototype', asProcessing('{"__proto__":{"a":1}}'), 400, 'BAD_REQUEST'],
    ['an empty body', asProcessing(''), 400, 'BAD_REQUEST'],
    [
      'a body over the limit',
      asProcessing({ order_id: 'x'.repeat(2000), value: 1 }),
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'another content type',
      { method: 'POST', headers: { ...asProcessing().headers, 'content-type': 'text/xml' }, body: '<a/>' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  ])('answers %s in our shape', async (_, init, status, code) => {
    const { url } = await shop(undefined, { body_limit_bytes: 1000 });
    const reply = await send(`${url}/orders`, init);
    expect(reply.status).toBe(status);
    expect(reply.json.error).toMatchObject({ code, retryable: false, message: expect.any(String) });
  });

  test('states the limit of a body that is too large', async () => {
    const { url } = await shop(undefined, { body_limit_bytes: 1000 });
    const reply = await send(`${url}/orders`, asProcessing({ order_id: 'x'.repeat(2000) }));
    expect(reply.json.error.message).toContain('1000 bytes');
  });

  test('that does not exist is answered 404 with the routes there are', async () => {
    const { url } = await shop();
    const { status, json } = await send(`${url}/order?token=hidden`, asProcessing({}));
    expect(status).toBe(404);
    expect(json.error).toMatchObject({ code: 'NOT_FOUND', retryable: false });
    expect(json.error.message).toBe(
      'shop has no POST /order; it has GET /health, GET /ready, POST /orders, GET /orders/:order_id',
    );
  });

  test('a path that cannot be decoded is answered 400 in our shape', async () => {
    const { url } = await shop();
    expect(await send(`${url}/orders/%zz`, asProcessing())).toMatchObject({
      status: 400,
      json: { error: { code: 'BAD_REQUEST' } },
    });
  });
});

class DomainError extends Error {
  readonly code = 'VERSION_MISMATCH';
  readonly details = { version: 3 };
  get http_status(): number {
    return 409;
  }
  get retryable(): boolean {
    return false;
  }
}

function failing(error: unknown, options: Partial<HttpServerOptions> = {}) {
  return shop(() => {
    throw error;
  }, options);
}

describe('an error of a handler', () => {
  test('that has a code and a status is shown as it is, whatever class it has', async () => {
    const { url } = await failing(new DomainError('the version is 3'));
    const { status, json } = await send(`${url}/orders`, asProcessing(good));
    expect(status).toBe(409);
    expect(json).toEqual({
      error: {
        code: 'VERSION_MISMATCH',
        message: 'the version is 3',
        retryable: false,
        details: { version: 3 },
      },
    });
  });

  test('that asks to retry later sets Retry-After in seconds, rounded up', async () => {
    const details = { retry_after_ms: 1500 };
    const { url } = await failing(
      new ServiceError('too busy', { code: 'OVERLOADED', http_status: 503, retryable: true, details }),
    );
    const { status, json, headers } = await send(`${url}/orders`, asProcessing(good));
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('2');
    expect(json.error).toMatchObject({ code: 'OVERLOADED', retryable: true, details });
  });

  test('that is anything else is masked, and logged under the id that the caller receives', async () => {
    const { url, lines } = await failing(new Error('select password from users'));
    const { status, json } = await send(`${url}/orders`, asProcessing(good));
    expect(status).toBe(500);
    expect(json.error).toMatchObject({ code: 'INTERNAL', retryable: false });
    expect(json.error.message).not.toContain('password');
    const line = lines.find(({ msg }) => msg === 'request failed');
    expect(line).toMatchObject({
      err: { message: 'select password from users', stack: expect.stringContaining('at ') },
    });
    expect(json.error.message).toContain(line?.['request_id']);
  });

  test.each([
    ['a status of its own but no code', Object.assign(new Error('secret'), { statusCode: 400 })],
    ['a database code', Object.assign(new Error('secret'), { code: '23505' })],
    ['nothing an error has', 'secret'],
  ])('that has %s is masked', async (_, error) => {
    const { url } = await failing(error);
    const { status, json } = await send(`${url}/orders`, asProcessing(good));
    expect(status).toBe(500);
    expect(JSON.stringify(json)).not.toContain('secret');
  });

  test('that is retryable without a status is 503, masked and logged', async () => {
    const { url, lines } = await failing(
      Object.assign(new Error('secret'), { code: '57P01', retryable: true }),
    );
    const { status, json } = await send(`${url}/orders`, asProcessing(good));
    expect(status).toBe(503);
    expect(json.error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(JSON.stringify(json)).not.toContain('secret');
    expect(lines.some(({ msg }) => msg === 'request failed')).toBe(true);
  });

  describe('with an app that can explain it,', () => {
    const trouble = Object.assign(new Error('secret'), { code: '57P01' });
    const explain = (error: unknown) =>
      error === trouble
        ? new ServiceError('come again', { code: 'DATABASE_UNAVAILABLE', http_status: 503, retryable: true })
        : undefined;

    test('is shown in those words, and logged as it is', async () => {
      const { url, lines } = await failing(trouble, { explain });
      const { status, json } = await send(`${url}/orders`, asProcessing(good));
      expect(status).toBe(503);
      expect(json.error).toEqual({ code: 'DATABASE_UNAVAILABLE', message: 'come again', retryable: true });
      expect(lines.find(({ level }) => level === 'warn')).toMatchObject({
        msg: 'request failed',
        code: 'DATABASE_UNAVAILABLE',
        err: { message: 'secret' },
      });
    });

    test('is masked when the app has nothing to say of it', async () => {
      const { url, lines } = await failing(new Error('secret'), { explain });
      const { status, json } = await send(`${url}/orders`, asProcessing(good));
      expect(status).toBe(500);
      expect(JSON.stringify(json)).not.toContain('secret');
      expect(lines.some(({ level }) => level === 'error')).toBe(true);
    });

    test('is not asked about an error that is shown as it is, nor about a request that cannot be read', async () => {
      const asked: unknown[] = [];
      const { url } = await failing(
        new ServiceError('closed', { code: 'CLOSED', http_status: 409, retryable: false }),
        {
          explain: (error) => void asked.push(error),
        },
      );
      expect((await send(`${url}/orders`, asProcessing(good))).status).toBe(409);
      expect((await send(`${url}/orders`, asProcessing('{'))).status).toBe(400);
      expect(asked).toEqual([]);
    });
  });

  test('a handler that hangs is answered 503 and retryable', async () => {
    const { url } = await shop(() => new Promise(() => {}), { handler_timeout_ms: 50 });
    const { status, json } = await send(`${url}/orders`, asProcessing(good));
    expect(status).toBe(503);
    expect(json.error).toMatchObject({ code: 'HANDLER_TIMEOUT', retryable: true });
  });
});

describe('health', () => {
  test('is open to anyone', async () => {
    const { start } = testServer();
    expect(await send(`${await start()}/health`)).toMatchObject({
      status: 200,
      json: { status: 'ok', name: 'shop' },
    });
  });

  test('shows the further fields of the app', async () => {
    const upstreams = { transactions: { circuit: 'open' } };
    const { start } = testServer({ health: async () => ({ upstreams }) });
    const { json } = await send(`${await start()}/health`);
    expect(json).toEqual({ status: 'ok', name: 'shop', upstreams });
  });

  test('is 503 with a reason that is meant to be shown', async () => {
    const { start } = testServer({
      health: async () => {
        throw new ServiceError('the database does not answer', {
          code: 'DATABASE_UNAVAILABLE',
          http_status: 503,
          retryable: true,
        });
      },
    });
    const { status, json } = await send(`${await start()}/health`);
    expect({ status, json }).toEqual({
      status: 503,
      json: { status: 'unavailable', name: 'shop', reason: 'the database does not answer' },
    });
  });

  test('hides any other reason from the caller and logs it', async () => {
    const { start, lines } = testServer({
      health: async () => {
        throw new Error('password of shop is wrong');
      },
    });
    const { status, json } = await send(`${await start()}/health`);
    expect(status).toBe(503);
    expect(JSON.stringify(json)).not.toContain('password');
    expect(JSON.stringify(lines)).toContain('password of shop is wrong');
  });
});

describe('listen', () => {
  test('says which port is taken and what to do', async () => {
    const port = Number(new URL(await testServer().start()).port);
    await expect(listen(testServer().server, { port })).rejects.toThrow(
      `port ${port} is taken: stop the other program or set PORT to a free one`,
    );
  });

  test('close does not wait for connections that are kept but idle', async () => {
    const { server, start } = testServer({ close_timeout_ms: 60_000 });
    const agent = new Agent({ keepAlive: true });
    const url = await start();
    await new Promise((resolve) =>
      get(`${url}/health`, { agent }, (response) => response.resume().on('end', resolve)),
    );
    let closed = false;
    void server.close().then(() => (closed = true));
    await waitUntil('the server is closed', () => closed);
    agent.destroy();
    expect(server.server.listening).toBe(false);
  });

  test('close cuts off a request that still runs after the bound', async () => {
    const reached = gate();
    const { url, server } = await shop(
      () => {
        reached.open();
        return new Promise(() => {});
      },
      { close_timeout_ms: 50, handler_timeout_ms: 1_000_000 },
    );
    const endless = { ...asProcessing(good), signal: null };
    const hanging = send(`${url}/orders`, endless).catch(() => 'cut off');
    await reached.opened;
    await server.close();
    expect(await hanging).toBe('cut off');
  });
});
