import { afterEach, expect, test } from 'vitest';
import { readUntil, untilEqual } from '@cashback/testing';
import { type Loop, createLoop, createReadiness } from '../src/index.ts';
import { recordingLog, send, testServer } from './support.ts';

let loop: Loop | undefined;
afterEach(async () => {
  await loop?.stop();
  loop = undefined;
});

const idlePool = { state: () => ({ open: 2, silent: 1, max: 2 }), limitWaits: () => {} };
const stuckPool = { state: () => ({ open: 2, silent: 2, max: 2 }), limitWaits: () => {} };

test('an app whose loops turn and whose pools answer is ready, and names them', async () => {
  const readiness = createReadiness();
  const { start } = testServer({ readiness });
  const { log } = recordingLog();
  readiness.addPool('database', idlePool);
  loop = createLoop({ name: 'poll', log, readiness, interval_ms: 60_000, run: async () => {} });
  const url = await start();
  expect(
    await readUntil(
      () => send(`${url}/ready`),
      ({ status }) => status === 200,
    ),
  ).toMatchObject({
    status: 200,
    json: {
      status: 'ready',
      name: 'shop',
      loops: [{ name: 'poll', last_turn: expect.any(String) as unknown, bound_ms: 60_000, stuck: false }],
      pools: [{ name: 'database', open: 2, silent: 1, max: 2, stuck: false }],
      reasons: [],
    },
  });
});

test('a loop that does not finish its turn within its bound makes the app not ready and not healthy, by its name', async () => {
  const readiness = createReadiness();
  const { start } = testServer({ readiness });
  const { log } = recordingLog();
  const released = Promise.withResolvers<void>();
  loop = createLoop({
    name: 'poll',
    log,
    readiness,
    turn_bound_ms: 20,
    interval_ms: 60_000,
    run: () => released.promise,
  });
  const url = await start();
  const reason = 'the loop poll has not ended its turn within 20 ms';
  expect(
    await readUntil(
      () => send(`${url}/ready`),
      ({ json }) => JSON.stringify(json).includes('loop_stuck'),
    ),
  ).toMatchObject({
    status: 503,
    json: { status: 'not_ready', reasons: [{ code: 'loop_stuck', message: reason }] },
  });
  expect(await send(`${url}/health`)).toMatchObject({ status: 503, json: { status: 'unavailable', reason } });
  released.resolve();
  await untilEqual(async () => (await send(`${url}/ready`)).status, 200);
  expect(await send(`${url}/health`)).toMatchObject({ status: 200 });
});

test('a loop whose turns fail is not stuck, and shows since when and how often they have failed', async () => {
  const readiness = createReadiness();
  const { start } = testServer({ readiness });
  const { log } = recordingLog();
  loop = createLoop({
    name: 'poll',
    log,
    readiness,
    turn_bound_ms: 1,
    interval_ms: 10,
    run: () => Promise.reject(new Error('the upstream is down')),
  });
  const url = await start();
  const report = await readUntil(
    () => send(`${url}/ready`),
    ({ json }) => !JSON.stringify(json).includes('"failures":0'),
  );
  expect(report).toMatchObject({
    status: 200,
    json: {
      loops: [
        {
          last_turn: null,
          failing_since: expect.any(String) as unknown,
          failures: expect.any(Number) as unknown,
        },
      ],
    },
  });
});

test('a pool whose connections are all stuck is distinguished from a database that is down', async () => {
  const stuck = createReadiness();
  const wedged = testServer({ readiness: stuck });
  stuck.addPool('database', stuckPool);
  expect(await send(`${await wedged.start()}/ready`)).toMatchObject({
    status: 503,
    json: { reasons: [{ code: 'pool_stuck', message: expect.stringContaining('database') as unknown }] },
  });
  const down = testServer({
    readiness: createReadiness(),
    health: () => Promise.reject(new Error('ECONNREFUSED')),
  });
  expect(await send(`${await down.start()}/ready`)).toMatchObject({
    status: 503,
    json: { reasons: [{ code: 'unavailable' }] },
  });
});

test('an app that stops is not ready, is still healthy, and gives its pools a short time', async () => {
  const readiness = createReadiness();
  const limits: number[] = [];
  readiness.addPool('database', { ...idlePool, limitWaits: (ms) => limits.push(ms) });
  const { start } = testServer({ readiness });
  const url = await start();
  readiness.stop();
  expect(await send(`${url}/ready`)).toMatchObject({
    status: 503,
    json: { reasons: [{ code: 'stopping' }] },
  });
  expect(await send(`${url}/health`)).toMatchObject({ status: 200 });
  expect(limits).toEqual([4_000]);
});
