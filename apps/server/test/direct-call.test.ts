import { afterAll, beforeAll, expect, test } from 'vitest';
import { READER_TOKEN, TOKEN, type TestServer, registerInput, startTestServer } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.client.register(stored);
  await server.client.rates.put(rates);
});
afterAll(() => server.stop());

const stored = registerInput();
const rates = {
  order_id: stored.order_id,
  service: 'yellow',
  rates: [{ source: 'user' as const, rate: '0.05' }],
};
const other = { ...stored, user_id: 'another-user' };
const wrong = { ...stored, currency: 'dollars' };

interface Sent {
  path: string;
  body?: string;
  headers?: Record<string, string>;
}

async function send({ path, body, headers }: Sent, stock: boolean) {
  const response = await fetch(`${server.url}/trpc/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${TOKEN}`,
      ...headers,
      // It asks for the usual form; its presence alone sends the request to the stock adapter.
      ...(stock && { 'trpc-accept': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  });
  const { 'content-type': type, vary } = Object.fromEntries(response.headers);
  return { status: response.status, type, vary, text: await response.text() };
}

const CASES: Record<string, Sent> = {
  'a call': { path: 'register', body: JSON.stringify(stored) },
  'a call of a nested procedure': { path: 'rates.put', body: JSON.stringify(rates) },
  'a call with a list': { path: 'register_many', body: JSON.stringify([stored, other, wrong]) },
  'a call that is refused': { path: 'register', body: JSON.stringify(other) },
  'a call with bad input': { path: 'register', body: JSON.stringify(wrong) },
  'a list that is too long': { path: 'register_many', body: JSON.stringify(Array(501).fill(stored)) },
  'a batch of one': { path: 'register?batch=1', body: JSON.stringify({ 0: stored }) },
  'a batch of many procedures': {
    path: 'register,rates.put,register_many?batch=1',
    body: JSON.stringify({ 0: stored, 1: rates, 2: [stored] }),
  },
  'a batch of which some are refused': {
    path: 'register,register,register?batch=1',
    body: JSON.stringify({ 0: stored, 1: other, 2: wrong }),
  },
  'a batch of which all are refused alike': {
    path: 'register,register?batch=1',
    body: JSON.stringify({ 0: other, 1: other }),
  },
  'a batch that lacks an input': { path: 'register,register?batch=1', body: JSON.stringify({ 0: stored }) },
  'a batch with inputs to spare': { path: 'register?batch=1', body: JSON.stringify({ 0: stored, 1: other }) },
  'a batch whose inputs are a list': { path: 'register?batch=1', body: JSON.stringify([stored]) },
  'no batch, with a query': { path: 'register?batch=0', body: JSON.stringify(stored) },
  'a batch, with more in its query': { path: 'register?batch=1&x=1', body: JSON.stringify({ 0: stored }) },
  'an escaped path': { path: 'rates%2Eput', body: JSON.stringify(rates) },
  'an unknown procedure': { path: 'unregister', body: '{}' },
  'a name of every object': { path: 'constructor', body: '{}' },
  'an unknown procedure among others': {
    path: 'register,unregister?batch=1',
    body: JSON.stringify({ 0: stored, 1: {} }),
  },
  'a query that is sent as a mutation': {
    path: 'order',
    body: JSON.stringify({ order_id: stored.order_id }),
  },
  'a query among mutations': { path: 'register,order?batch=1', body: JSON.stringify({ 0: stored, 1: {} }) },
  'no body': { path: 'register', body: '' },
  'a body that is no JSON': { path: 'register', body: '{"order_id":' },
  'a batch that is no JSON': { path: 'register,register?batch=1', body: '{"0":' },
  null: { path: 'register', body: 'null' },
  'a number': { path: 'register', body: '5' },
  'a text': { path: 'register', body: '"text"' },
  'another kind of body': { path: 'register', body: 'a=1', headers: { 'content-type': 'text/plain' } },
  'an unknown token': { path: 'register', body: '{}', headers: { authorization: 'Bearer unknown' } },
  'a token without the scope': {
    path: 'register',
    body: JSON.stringify(stored),
    headers: { authorization: `Bearer ${READER_TOKEN}` },
  },
};

test.each(Object.keys(CASES))('%s is answered as by the stock adapter', async (name) => {
  const sent = CASES[name] as Sent;
  const stock = await send(sent, true);
  expect(await send(sent, false)).toEqual(stock);
});
