import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { startFaultyTcpProxy } from '../src/index.ts';
import { createTestDatabase, readUntil, untilEqual } from '@cashback/testing';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** An echo server, and a way to connect to it through a proxy. */
async function startEcho() {
  const peers: Socket[] = [];
  const server: Server = createServer((socket) => {
    peers.push(socket);
    socket.on('error', () => {});
    socket.on('data', (piece) => socket.write(piece));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const socket of peers) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const target = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proxy = await startFaultyTcpProxy(target);
  cleanups.push(() => proxy.stop());
  return { proxy, target, peers, open: () => openConnection(proxy.url) };
}

async function openConnection(url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let received = '';
  const events: string[] = [];
  socket.on('data', (piece) => (received += String(piece)));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => events.push(String(code)));
  socket.on('end', () => events.push('end'));
  cleanups.push(() => void socket.destroy());
  await once(socket, 'connect').catch(() => {});
  return { socket, received: () => received, events };
}

test('without a fault everything arrives', async () => {
  const { open } = await startEcho();
  const { socket, received } = await open();
  socket.write('hello');
  await untilEqual(received, 'hello');
});

test('reset: open connections and new ones are reset', async () => {
  const { proxy, open } = await startEcho();
  const before = await open();
  before.socket.write('hello');
  await untilEqual(before.received, 'hello');
  proxy.setFault({ kind: 'reset' });
  await readUntil(
    () => before.events,
    (seen) => seen.includes('ECONNRESET'),
  );
  const { events } = await open();
  await readUntil(
    () => events,
    (seen) => seen.includes('ECONNRESET'),
  );
  expect(proxy.happened.reset).toBe(2);
});

test('black hole: a connection is accepted, and no chunk arrives', async () => {
  const { proxy, open } = await startEcho();
  proxy.setFault({ kind: 'black_hole' });
  const { socket, received, events } = await open();
  socket.write('lost');
  await untilEqual(() => proxy.happened.black_hole, 1);
  expect(received()).toBe('');
  expect(events).toEqual([]);
});

test('a connection with a swallowed chunk is reset when the fault ends, as it would wait forever', async () => {
  const { proxy, open } = await startEcho();
  const [spoke, silent] = [await open(), await open()];
  proxy.setFault({ kind: 'black_hole' });
  spoke.socket.write('hello');
  await untilEqual(() => proxy.happened.black_hole ?? 0, 1);
  proxy.setFault(null);
  await readUntil(
    () => spoke.events,
    (seen) => seen.includes('ECONNRESET'),
  );
  silent.socket.write('hello');
  await untilEqual(silent.received, 'hello');
});

test('drip: an answer arrives in many chunks, whole and in order', async () => {
  const { proxy, open } = await startEcho();
  proxy.setFault({ kind: 'drip', bytes: 2, every_ms: 5 });
  const { socket, received } = await open();
  socket.setNoDelay(true);
  const lengths: number[] = [];
  socket.on('data', (piece) => lengths.push(piece.length));
  socket.write('hello world');
  await untilEqual(received, 'hello world');
  expect(lengths.length).toBeGreaterThan(1);
});

test('half-open: the far side is gone, and the caller does not notice', async () => {
  const { proxy, peers, open } = await startEcho();
  const { socket, received, events } = await open();
  socket.write('hello');
  await untilEqual(received, 'hello');
  proxy.setFault({ kind: 'half_open' });
  await untilEqual(() => peers[0]?.destroyed, true);
  expect(proxy.happened.half_open).toBe(1);
  socket.write('still there?');
  expect([events, socket.destroyed]).toEqual([[], false]);
  proxy.setFault(null);
  await readUntil(
    () => events,
    (seen) => seen.includes('ECONNRESET'),
  );
});

test('cut: an answer ends after the given number of bytes, with a reset', async () => {
  const { proxy, open } = await startEcho();
  proxy.setFault({ kind: 'cut', after_bytes: 4 });
  const { socket, received, events } = await open();
  socket.write('hello world');
  await readUntil(
    () => events,
    (seen) => seen.includes('ECONNRESET'),
  );
  expect('hell'.startsWith(received())).toBe(true);
  expect(proxy.happened.cut).toBe(1);
});

test.each([true, false])(
  'trip: the hook runs at the nth chunk, and that chunk arrives: %s',
  async (delivered) => {
    const { proxy, peers, open } = await startEcho();
    const { socket, received } = await open();
    socket.write('first');
    await untilEqual(received, 'first');
    let arrived = '';
    peers[0]?.on('data', (piece) => (arrived += String(piece)));
    const tripped = new Promise<void>((then) => proxy.trip({ nth: 1, delivered, then }));
    socket.write('second');
    await tripped;
    await untilEqual(() => peers[0]?.readableEnded || peers[0]?.destroyed, true);
    expect(arrived).toBe(delivered ? 'second' : '');
  },
);

test('swallow_commit: the transaction is committed, and its client cannot know', async () => {
  const database = await createTestDatabase();
  cleanups.push(() => database.drop());
  const proxy = await startFaultyTcpProxy(database.url);
  cleanups.push(() => proxy.stop());
  const direct = new Client({ connectionString: database.url });
  await direct.connect();
  cleanups.push(() => direct.end());
  await direct.query('CREATE TABLE kept (id integer)');

  const client = new Client({ connectionString: proxy.url });
  client.on('error', () => {});
  await client.connect();
  proxy.setFault({ kind: 'swallow_commit' });
  await client.query('BEGIN');
  await client.query('INSERT INTO kept VALUES (1)');
  await expect(client.query('COMMIT')).rejects.toThrow(/terminated|ECONNRESET/);
  expect((await direct.query('SELECT id FROM kept')).rows).toEqual([{ id: 1 }]);
  expect(proxy.happened.swallow_commit).toBe(1);
});

test('freeze: open connections fall silent forever, without an end or a reset, and new ones work', async () => {
  const { proxy, target, open, peers } = await startEcho();
  const frozen = await open();
  frozen.socket.write('hello');
  await untilEqual(frozen.received, 'hello');
  expect(proxy.freeze()).toBe(1);
  frozen.socket.write('again');
  const { socket, received } = await open();
  socket.write('new');
  await untilEqual(received, 'new');
  peers[0]?.destroy();
  proxy.setFault({ kind: 'reset' });
  proxy.setFault(null);
  proxy.setTarget(target);
  await untilEqual(async () => (await open()).events, []);
  expect(frozen.received()).toBe('hello');
  expect(frozen.events).toEqual([]);
});
