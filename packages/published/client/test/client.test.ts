import { CashbackError, type OrderRates, type RegisterOutput } from '@cashback/contract';
import { afterEach, describe, expect, test } from 'vitest';
import { readUntil, untilEqual } from '@cashback/testing';
import { type CashbackClientOptions, createCashbackClient } from '../src/index.ts';
import { TOKEN, type TestServer, registerInput, routerHandler, startHttpServer } from './support.ts';

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(handler: Parameters<typeof startHttpServer>[0]): Promise<TestServer> {
  const server = await startHttpServer(handler);
  running.push(server);
  return server;
}

function clientOf({ url }: { url: string }, options: Partial<CashbackClientOptions> = {}) {
  return createCashbackClient({ url, token: TOKEN, ...options });
}

const registered: RegisterOutput = {
  need_processing: true,
  outcome: 'registered',
  revision: 1,
  invoice_epoch: 1,
  invoice_version: 1,
  cashback_sum: '5.0000',
  cashback_by_source: [{ source: 'user', value: '5.0000' }],
};
const rates: OrderRates = { order_id: 'a', service: 'yellow', rates: [{ source: 'user', rate: '0.05' }] };
const register = async (): Promise<RegisterOutput> => registered;

describe('batching', () => {
  test('calls of one turn share one HTTP request, and each gets its own answer', async () => {
    const server = await start(
      routerHandler({
        register: async ({ order_id }) => {
          if (order_id === 'order-1')
            throw new CashbackError('IMMUTABLE_FIELD', 'user_id of an order never changes');
          return { ...registered, revision: Number(order_id.slice(6)) };
        },
      }),
    );
    const client = clientOf(server);
    const calls = [0, 1, 2].map((index) => client.register(registerInput(`order-${index}`)));
    expect(await Promise.allSettled(calls)).toMatchObject([
      { value: { revision: 0 } },
      { reason: { code: 'IMMUTABLE_FIELD' } },
      { value: { revision: 2 } },
    ]);
    expect(server.requests).toEqual(['POST /trpc/register_many']);
  });

  test('a request carries at most 50 calls of procedures other than register', async () => {
    const server = await start(routerHandler({ getRates: async () => rates }));
    const client = clientOf(server);
    await Promise.all(
      Array.from({ length: 120 }, (_, index) => client.rates.get({ order_id: `order-${index}` })),
    );
    expect(server.requests.map((request) => request.split(',').length)).toEqual([50, 50, 20]);
  });

  test('a request carries at most 500 registers', async () => {
    const sizes: number[] = [];
    const router = routerHandler({ register });
    const server = await start((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => sizes.push((JSON.parse(body) as unknown[]).length));
      router(request, response);
    });
    const client = clientOf(server);
    await Promise.all(
      Array.from({ length: 1_100 }, (_, index) => client.register(registerInput(`order-${index}`))),
    );
    expect(sizes).toEqual([500, 500, 100]);
  });

  test('without it every call is a request of its own', async () => {
    const server = await start(routerHandler({ register }));
    const client = clientOf(server, { batching: false });
    await Promise.all([client.register(registerInput('a')), client.register(registerInput('b'))]);
    expect(server.requests).toEqual(['POST /trpc/register', 'POST /trpc/register']);
  });
});

describe('errors', () => {
  test('of the domain keep code, details and retryable, and are not retried', async () => {
    const server = await start(
      routerHandler({
        register: async () => {
          throw new CashbackError('REVISION_CONFLICT', 'read the revision again', { revision: 2 });
        },
      }),
    );
    await expect(clientOf(server).register(registerInput('a'))).rejects.toMatchObject({
      name: 'CashbackClientError',
      code: 'REVISION_CONFLICT',
      message: 'read the revision again',
      retryable: true,
      details: { revision: 2 },
      issues: [],
    });
    expect(server.requests).toHaveLength(1);
  });

  test('of the input name each field', async () => {
    const server = await start(routerHandler({ register }));
    const input = { ...registerInput('a'), cleared_sum: '1e5' };
    await expect(clientOf(server).register(input)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      retryable: false,
      issues: [{ path: 'cleared_sum' }],
    });
  });

  test('of the token are UNAUTHORIZED, and the message does not show it', async () => {
    const server = await start(routerHandler({ register }));
    const call = clientOf(server, { token: 'some-other-token' }).register(registerInput('a'));
    await expect(call).rejects.toMatchObject({ code: 'UNAUTHORIZED', retryable: false });
    await expect(call).rejects.not.toThrow('some-other-token');
  });

  test('inside the server are INTERNAL and reveal nothing', async () => {
    const server = await start(
      routerHandler({
        order: async () => {
          throw new Error('SELECT secret FROM somewhere');
        },
      }),
    );
    await expect(clientOf(server).order({ order_id: 'a' })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.not.stringContaining('secret'),
    });
    expect(server.requests).toHaveLength(1);
  });

  test('of another program at the URL are UNEXPECTED_ANSWER', async () => {
    const server = await start((_, response) => response.writeHead(404).end('<h1>Not Found</h1>'));
    await expect(clientOf(server).order({ order_id: 'a' })).rejects.toMatchObject({
      code: 'UNEXPECTED_ANSWER',
      retryable: false,
      message: expect.stringContaining('status 404: <h1>Not Found</h1>'),
    });
  });

  test('have the caller in their stack', async () => {
    const server = await start(routerHandler({ register }));
    const call = clientOf(server, { token: 'some-other-token' }).register(registerInput('a'));
    await expect(call).rejects.toMatchObject({ stack: expect.stringContaining('client.test.ts') });
  });

  test.each([
    ['no URL', { url: 'localhost' }],
    ['no HTTP', { url: 'ftp://localhost' }],
    ['no token', { url: 'http://localhost', token: '' }],
  ])('of the options are thrown immediately: %s', (_, options) => {
    expect(() => createCashbackClient({ token: TOKEN, ...options })).toThrow(TypeError);
  });
});

describe('an unreachable server', () => {
  test('that never answers ends in UNREACHABLE after all attempts', async () => {
    const server = await start(() => {});
    const client = clientOf(server, { timeout_ms: 500, retries: 2 });
    await expect(client.register(registerInput('a'))).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: true,
      message: expect.stringContaining('no whole answer within 500 ms'),
    });
    expect(server.requests).toHaveLength(3);
  });

  test('that stops in the middle of an answer ends in UNREACHABLE', async () => {
    const server = await start((_, response) => void response.writeHead(200).write('{"result":{"da'));
    const client = clientOf(server, { timeout_ms: 50, retries: 0 });
    await expect(client.register(registerInput('a'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  test('is retried at most the configured number of times', async () => {
    const server = await start((request) => void request.socket.destroy());
    await expect(clientOf(server, { retries: 0 }).order({ order_id: 'a' })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    expect(server.requests).toHaveLength(1);
    await expect(clientOf(server, { retries: 2 }).order({ order_id: 'a' })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    expect(server.requests).toHaveLength(4);
  });

  test('that comes back in time answers the call; a batch stays together', async () => {
    const router = routerHandler({ register });
    let requests = 0;
    const server = await start((request, response) => {
      requests += 1;
      if (requests === 1) request.socket.destroy();
      else if (requests === 2) response.writeHead(502).end('<h1>Bad Gateway</h1>');
      else router(request, response);
    });
    const client = clientOf(server);
    const calls = ['a', 'b', 'c'].map((orderId) => client.register(registerInput(orderId)));
    expect(await Promise.all(calls)).toEqual([registered, registered, registered]);
    expect(server.requests).toEqual(Array.from({ length: 3 }, () => 'POST /trpc/register_many'));
  });

  test('is retried when the database is down for a moment', async () => {
    let calls = 0;
    const server = await start(
      routerHandler({
        register: async () => {
          calls += 1;
          if (calls === 1) throw new CashbackError('DATABASE_UNAVAILABLE', 'the database does not answer');
          return registered;
        },
      }),
    );
    expect(await clientOf(server).register(registerInput('a'))).toEqual(registered);
  });

  test('ends in DATABASE_UNAVAILABLE when the database stays down', async () => {
    const server = await start(
      routerHandler({
        register: async () => {
          throw new CashbackError('DATABASE_UNAVAILABLE', 'the database does not answer');
        },
      }),
    );
    await expect(clientOf(server, { retries: 1 }).register(registerInput('a'))).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      retryable: true,
    });
    expect(server.requests).toHaveLength(2);
  });
});

describe('close', () => {
  test('ends calls in flight, and refuses later ones', async () => {
    const server = await start(() => {});
    const client = clientOf(server);
    const underWay = client.register(registerInput('a'));
    underWay.catch(() => {}); // awaited below
    await untilEqual(() => server.requests.length, 1);
    client.close();
    client.close();
    await expect(underWay).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(client.order({ order_id: 'a' })).rejects.toMatchObject({ code: 'CLOSED', retryable: false });
    expect(server.requests).toHaveLength(1);
  });

  test('ends the pause before another attempt', async () => {
    const server = await start((request) => void request.socket.destroy());
    const client = clientOf(server, { retries: 1_000 });
    const call = client.order({ order_id: 'a' });
    call.catch(() => {}); // awaited below
    await readUntil(
      () => server.requests.length,
      (requests) => requests > 1,
    );
    client.close();
    await expect(call).rejects.toMatchObject({ name: 'CashbackClientError' });
  });
});
