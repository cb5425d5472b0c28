import { createCashbackClient } from '@cashback/client';
import { startFaultyTcpProxy } from '@cashback/proxies';
import { createTestDatabase, untilEqual } from '@cashback/testing';
import { afterAll, expect, test } from 'vitest';
import { TOKEN, registerInput, startTestServer } from './support.ts';

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

test('when its open connections are gone without a reset, each call is answered within its deadline, and later ones work', async () => {
  const database = await createTestDatabase();
  cleanups.push(() => database.drop());
  const proxy = await startFaultyTcpProxy(database.url);
  cleanups.push(() => proxy.stop());
  const server = await startTestServer({ database_url: proxy.url, call_timeout_ms: 5_000 });
  let stopped = false;
  cleanups.push(async () => {
    if (!stopped) await server.stop();
  });
  const client = createCashbackClient({ url: server.url, token: TOKEN, retries: 0, timeout_ms: 60_000 });
  await Promise.all(Array.from({ length: 20 }, () => client.register(registerInput())));

  await client.events();
  proxy.freeze();
  const input = registerInput();
  const unanswered = { code: 'DATABASE_UNAVAILABLE', retryable: true };
  await Promise.all(
    [client.register(input), client.order({ order_id: input.order_id })].map((call) =>
      expect(call).rejects.toMatchObject(unanswered),
    ),
  );
  // The first attempt took effect, or the next one does.
  await untilEqual(async () => (await client.register(input).catch(() => null))?.revision, 1);
  await untilEqual(async () => (await fetch(`${server.url}/ready`)).status, 200);

  proxy.freeze();
  const hanging = client.register(registerInput()).catch(() => null);
  await server.stop();
  stopped = true;
  await hanging;
});
