import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../src/database/with-client.ts';
import { checkRows, nextTransactionId } from '../src/register/check-rows.ts';
import { startLoad } from '../src/register/load/run-load.ts';
import { SERVED_WAYS, SHAPES } from '../src/register/ways.ts';
import { type ServedDatabase, startServedDatabase } from './support/start-served-database.ts';

let served: ServedDatabase;
beforeAll(async () => {
  served = await startServedDatabase();
});
afterAll(() => served?.stop());

describe('a load', () => {
  for (const way of SERVED_WAYS) {
    test(`of ${way} leaves exactly the acknowledged orders, events and jobs`, async () => {
      const from = await begin();
      const load = startLoad({
        way,
        url: served.server.process.url,
        token: served.server.token,
        form: 'random',
        warm_up_seconds: 0,
      });
      const result = await load.end({ from: 0, to: Infinity });
      const { items, in_flight } = SHAPES[way];
      expect(result).toMatchObject({ failed: 0, failure: null });
      expect(result.acknowledged).toBeGreaterThanOrEqual(items * in_flight);
      expect(result.window.orders).toBe(result.acknowledged);
      await check(from, result.acknowledged);
      await expect(check(from, result.acknowledged + 1)).rejects.toThrow('were expected');
    });
  }

  test('counts failed calls and has the reason of the first', async () => {
    const load = startLoad({
      way: 'lone',
      url: served.server.process.url,
      token: 'unknown',
      form: 'random',
      warm_up_seconds: 0,
    });
    const result = await load.end({ from: 0, to: Infinity });
    expect(result).toMatchObject({ acknowledged: 0, failed: 1 });
    expect(result.failure).toContain('token');
  });
});

function begin(): Promise<string> {
  return withClient(served.database.url, async (client) => {
    // Not TRUNCATE, which could deadlock with the server's maintenance of its queue.
    await client.query('DELETE FROM cashback_jobs.job');
    return nextTransactionId(client);
  });
}

function check(from: string, acknowledged: number): Promise<void> {
  return withClient(served.database.url, (client) => checkRows(client, { from, acknowledged }));
}
