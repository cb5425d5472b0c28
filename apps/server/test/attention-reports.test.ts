import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attentionOf, report } from './attention-support.ts';
import { type TestServer, startTestServer } from './support.ts';

let server: TestServer;
const { needsAttention, reportAll, listed, clear } = attentionOf(() => server);
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());
beforeEach(clear);

describe('a report of processing', () => {
  test('replaces what it reported before: of the whole range of ids, of a part of it, or of given orders', async () => {
    await reportAll(['a', 'b', 'c', 'd'].map((name) => report(`order-${name}`)));
    const { report: send } = server.client.attention;
    await send({ origin: 'processing', after: 'order-a', through: 'order-c', orders: [report('order-c')] });
    expect(await listed()).toEqual(['a', 'c', 'd'].map((name) => `processing order-${name}`));
    await send({ origin: 'processing', order_ids: ['order-d', 'order-e'], orders: [report('order-e')] });
    expect(await listed()).toEqual(['a', 'c', 'e'].map((name) => `processing order-${name}`));
    await reportAll([]);
    expect(await listed()).toEqual([]);
  });

  test('leaves what the worker says alone, and the order shows both', async () => {
    await needsAttention('order-1');
    await reportAll([report('order-1')]);
    expect(await server.client.order({ order_id: 'order-1' })).toMatchObject({
      state: 'needs_attention',
      attention_code: 'operation_stuck',
      reported_attention: [
        { origin: 'processing', code: 'rates_missing', since: '2026-03-01T00:00:00.000Z' },
      ],
    });
    await reportAll([]);
    expect(await listed()).toEqual(['worker order-1']);
    expect(await server.client.order({ order_id: 'order-1' })).not.toHaveProperty('reported_attention');
  });

  test('is shown as stale when it is not renewed in time, and later not at all', async () => {
    await reportAll([report('order-1')]);
    const age = (interval: string) =>
      server.admin.pool.query(
        `UPDATE cashback.reported_attention SET seen_at = now() - interval '${interval}'`,
      );
    await age('299 s');
    expect((await server.client.attention.list()).orders).toMatchObject([{ stale: false }]);
    await age('301 s');
    expect((await server.client.attention.list()).orders).toMatchObject([{ stale: true }]);
    expect((await server.client.attention.count()).counts).toMatchObject([{ orders: 1, stale: 1 }]);
    await age('86401 s');
    expect(await listed()).toEqual([]);
    await reportAll([report('order-1')]);
    expect((await server.client.attention.list()).orders).toMatchObject([{ stale: false }]);
  });

  test('is answered with the resumed orders until their cause changes', async () => {
    await reportAll([report('order-1'), report('order-2')]);
    const resume = () => server.client.attention.resume({ order_ids: ['order-1'] });
    expect((await resume()).orders).toMatchObject([{ origin: 'processing', outcome: 'requested' }]);
    expect((await server.client.attention.list()).orders).toMatchObject([
      { order_id: 'order-1', resume_requested: true },
      { order_id: 'order-2', resume_requested: false },
    ]);
    await resume();
    // The first answer may be lost.
    expect(await reportAll([report('order-1'), report('order-2')])).toEqual(['order-1']);
    expect(await reportAll([report('order-1'), report('order-2')])).toEqual(['order-1']);
    const since = '2026-03-09T00:00:00.000Z';
    expect(await reportAll([report('order-1', { since }), report('order-2')])).toEqual([]);
    const { rowCount } = await server.admin.pool.query('SELECT FROM cashback.attention_resumes');
    expect(rowCount).toBe(1);
  });

  const ago = (ms: number) => ({ read_at: new Date(Date.now() - ms).toISOString() });
  const [earlier, later] = [ago(402_000), ago(401_000)];

  test('that was read earlier overwrites neither newer reports nor a resume request', async () => {
    await reportAll([report('order-1'), report('order-2', { code: 'settings_missing' })], later);
    await server.client.attention.resume({ order_ids: ['order-1'] });
    const known = async () =>
      (await server.client.attention.list()).orders.map((entry) => ({ ...entry, age_ms: 0 }));
    const before = await known();
    const { report: send } = server.client.attention;
    await reportAll([], earlier);
    await send({ origin: 'processing', order_ids: ['order-1', 'order-2'], orders: [], ...earlier });
    await reportAll([report('order-1', { since: '2026-02-01T00:00:00.000Z' }), report('order-2')], earlier);
    expect(await known()).toEqual(before);
    expect(await reportAll([report('order-1')], later)).toEqual(['order-1']);
    // One that does not state when it was read is as new as its arrival.
    await reportAll([]);
    expect(await listed()).toEqual([]);
  });

  test('that was read later replaces the stored one, and is shown as of then', async () => {
    await reportAll([report('order-1'), report('order-2')], earlier);
    await reportAll([report('order-2', { reason: 'another' })], later);
    expect((await server.client.attention.list()).orders).toMatchObject([
      { order_id: 'order-2', reason: 'another', reported_at: later.read_at, stale: true },
    ]);
  });

  test('by a clock that is ahead counts as new as its arrival', async () => {
    await reportAll([report('order-1')], { read_at: '2999-01-01T00:00:00.000Z' });
    await reportAll([], { read_at: new Date(Date.now() + 60_000).toISOString() });
    expect(await listed()).toEqual([]);
  });

  test('is not answered with a resume for another cause than the reported one', async () => {
    const since = '2026-03-09T00:00:00.000Z';
    await reportAll([report('order-1', { since })], later);
    await server.client.attention.resume({ order_ids: ['order-1'] });
    expect(await reportAll([report('order-1')], earlier)).toEqual([]);
    expect(await reportAll([report('order-1', { since })], later)).toEqual(['order-1']);
  });

  test('sent concurrently with others leaves one of them intact', async () => {
    const pages = Array.from({ length: 10 }, (_, n) =>
      Array.from({ length: 20 }, (__, at) => report(`order-${(at * 7 + n) % 30}`, { reason: `of ${n}` })),
    );
    await Promise.all(pages.map((orders) => reportAll(orders)));
    const { orders } = await server.client.attention.list();
    expect([orders.length, new Set(orders.map(({ reason }) => reason)).size]).toEqual([20, 1]);
  });
});
