import { CashbackError, type RegisterInput, type RegisterOutput } from '@cashback/contract';
import { afterEach, describe, expect, test } from 'vitest';
import { createCashbackClient } from '../src/index.ts';
import { TOKEN, type TestServer, registerInput, routerHandler, startHttpServer } from './support.ts';

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(register: (input: RegisterInput) => Promise<RegisterOutput>, bodyLimit = Infinity) {
  const sizes: number[] = [];
  const router = routerHandler({ register });
  const server = await startHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => sizes.push((JSON.parse(body) as unknown[]).length));
    if (Number(request.headers['content-length']) > bodyLimit) {
      response.writeHead(413).end(TOO_LARGE);
      return;
    }
    router(request, response);
  });
  running.push(server);
  return { sizes, client: createCashbackClient({ url: server.url, token: TOKEN, retries: 2 }) };
}

const TOO_LARGE = JSON.stringify({
  error: {
    message: 'the body is larger than the server takes',
    code: -32013,
    data: {
      code: 'PAYLOAD_TOO_LARGE',
      httpStatus: 413,
      path: null,
      cashback: { code: 'PAYLOAD_TOO_LARGE', retryable: false, details: {}, issues: [] },
    },
  },
});

function answerTo({ cashback_sum }: RegisterInput, revision = 1): RegisterOutput {
  return {
    need_processing: true,
    outcome: 'registered',
    revision,
    invoice_epoch: 1,
    invoice_version: 1,
    cashback_sum: String(cashback_sum),
    cashback_by_source: [],
  };
}

function inputs(count: number): RegisterInput[] {
  return Array.from({ length: count }, (_, index) => ({
    ...registerInput(`order-${index}`),
    cashback_sum: `${index}`,
  }));
}

test('any number of inputs is sent in requests of at most 500, each with a result in its place', async () => {
  const { client, sizes } = await start(async (input) => answerTo(input));
  const results = await client.registerMany(inputs(1_201));
  expect(results).toEqual(inputs(1_201).map((input) => ({ result: answerTo(input) })));
  expect(sizes).toEqual([500, 500, 201]);
});

test('no inputs make no request', async () => {
  const { client, sizes } = await start(async (input) => answerTo(input));
  expect(await client.registerMany([])).toEqual([]);
  expect(sizes).toEqual([]);
});

test('refused and malformed inputs fail alone, each with the error that register throws', async () => {
  const { client } = await start(async (input) => {
    if (input.order_id === 'order-1') throw new CashbackError('IMMUTABLE_FIELD', 'no', { field: 'user_id' });
    if (input.order_id === 'order-3') throw new Error('SELECT secret FROM the_log');
    return answerTo(input);
  });
  const [good, bad, refused, faulty] = inputs(4);
  const wrong = { ...bad, currency: 'dollars' } as RegisterInput;
  const results = await client.registerMany(
    [good, refused, wrong, faulty].map(
      (input, index) =>
        ({ ...input, order_id: ['order-0', 'order-1', 'order-2', 'order-3'][index] }) as RegisterInput,
    ),
  );
  expect(results).toMatchObject([
    { result: { outcome: 'registered' } },
    { error: { code: 'IMMUTABLE_FIELD', retryable: false, details: { field: 'user_id' } } },
    { error: { code: 'BAD_REQUEST', retryable: false, issues: [{ path: 'currency' }] } },
    { error: { code: 'INTERNAL', retryable: true, message: 'internal error: see the server log' } },
  ]);
});

test('inputs whose receipts do not fit into one request are split by size', async () => {
  const { client, sizes } = await start(async (input) => answerTo(input));
  const receipt = { text: 'x'.repeat(16_000) };
  const results = await client.registerMany(inputs(100).map((input) => ({ ...input, receipt })));
  expect(results.every((result) => 'result' in result)).toBe(true);
  expect(sizes).toEqual([46, 46, 8]);
});

test('a request that a server finds too large is halved until it fits', async () => {
  const { client, sizes } = await start(async (input) => answerTo(input), 4_000);
  const results = await client.registerMany(inputs(40));
  expect(results).toEqual(inputs(40).map((input) => ({ result: answerTo(input) })));
  expect(Math.max(...sizes.slice(1))).toBeLessThan(40);
});

describe('items that failed because the server was overloaded', () => {
  test('are retried without the others, within the bound', async () => {
    const calls = new Map<string, number>();
    const { client, sizes } = await start(async (input) => {
      const count = (calls.get(input.order_id) ?? 0) + 1;
      calls.set(input.order_id, count);
      const busy = { 'order-1': 1, 'order-2': 2, 'order-3': Infinity }[input.order_id] ?? 0;
      if (count <= busy) throw new CashbackError('OVERLOADED', 'later');
      return answerTo(input);
    });
    const results = await client.registerMany(inputs(4));
    expect(results).toMatchObject([
      { result: {} },
      { result: {} },
      { result: {} },
      { error: { code: 'OVERLOADED' } },
    ]);
    expect(sizes).toEqual([4, 3, 2]);
  });

  test('are not retried once a later item of their order succeeded: an older target never follows a newer one', async () => {
    let calls = 0;
    const { client, sizes } = await start(async (input) => {
      calls += 1;
      if (calls === 1) throw new CashbackError('OVERLOADED', 'later');
      return answerTo(input);
    });
    const older = { ...registerInput('order-1'), cashback_sum: '1' };
    const newer = { ...registerInput('order-1'), cashback_sum: '2' };
    expect(await client.registerMany([older, newer])).toMatchObject([
      { error: { code: 'OVERLOADED' } },
      { result: { cashback_sum: '2' } },
    ]);
    expect(sizes).toEqual([2]);
  });
});
