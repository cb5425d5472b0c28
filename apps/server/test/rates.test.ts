import type { OrderRate } from '@cashback/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startTestServer } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const service = 'yellow';

test('rates are frozen at the first put, and are returned in one canonical form', async () => {
  const order_id = 'frozen';
  const rates: OrderRate[] = [
    { source: 'service', rate: '0.030', max_value: '10' },
    { source: 'user', rate: '0.05' },
  ];
  const stored = {
    order_id,
    service,
    rates: [
      { source: 'user', rate: '0.05' },
      { source: 'service', rate: '0.03', max_value: '10.0000' },
    ],
  };
  expect(await server.client.rates.put({ order_id, service, rates })).toEqual(stored);
  expect(await server.client.rates.put({ order_id, service, rates: rates.toReversed() })).toEqual(stored);
  expect(await server.client.rates.get({ order_id })).toEqual(stored);
});

test.each<[string, string, OrderRate[]]>([
  ['another rate', 'yellow', [{ source: 'user', rate: '0.06' }]],
  ['another cap', 'yellow', [{ source: 'user', rate: '0.05', max_value: '1' }]],
  [
    'a further source',
    'yellow',
    [
      { source: 'user', rate: '0.05' },
      { source: 'service', rate: '0' },
    ],
  ],
  ['another service', 'green', [{ source: 'user', rate: '0.05' }]],
])('%s is a conflict that shows both', async (_, otherService, rates) => {
  const order_id = 'conflict';
  await server.client.rates.put({ order_id, service, rates: [{ source: 'user', rate: '0.05' }] });
  await expect(server.client.rates.put({ order_id, service: otherService, rates })).rejects.toMatchObject({
    code: 'RATES_CONFLICT',
    retryable: false,
    details: {
      order_id,
      stored: { service, rates: [{ source: 'user', rate: '0.05' }] },
      received: { service: otherService, rates: [{ source: 'user' }, {}].slice(0, rates.length) },
    },
  });
  expect((await server.client.rates.get({ order_id })).rates).toEqual([{ source: 'user', rate: '0.05' }]);
});

test('of many concurrent first puts exactly one is frozen', async () => {
  const order_id = 'race';
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) =>
      server.client.rates.put({ order_id, service, rates: [{ source: 'user', rate: `0.0${index}1` }] }),
    ),
  );
  const won = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
  expect(won).toEqual([await server.client.rates.get({ order_id })]);
});

test('missing rates are a retryable error: a later put may add them', async () => {
  await expect(server.client.rates.get({ order_id: 'none' })).rejects.toMatchObject({
    code: 'RATES_NOT_FOUND',
    retryable: true,
  });
});

test.each([
  ['1.5', 'rates[0].rate'],
  ['-0.1', 'rates[0].rate'],
  ['0.0000001', 'rates[0].rate'],
  ['5e-2', 'rates[0].rate'],
])('a rate %j is refused by its field', async (rate, path) => {
  const rates: OrderRate[] = [{ source: 'user', rate }];
  await expect(server.client.rates.put({ order_id: 'bad', service, rates })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    issues: [{ path, expected: expect.stringContaining('a rate') }],
  });
});
