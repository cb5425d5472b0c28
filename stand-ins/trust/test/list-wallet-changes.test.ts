import { randomUUID } from 'node:crypto';
import { withTransaction } from '@cashback/postgres';
import { readUntil } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBasket, setUpTrust } from './support.ts';

let app: Awaited<ReturnType<typeof setUpTrust>>;
beforeAll(async () => {
  app = await setUpTrust();
  await app.calm();
});
afterAll(() => app?.tearDown());

interface Page {
  wallets: { wallet_id: string; balance: string; sequence: number; user_id: string; epoch: number }[];
  cursor: string;
  epoch: number;
}

async function page(query: Record<string, string | number> = {}): Promise<Page> {
  const text = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  const { status, body } = await app.get(`/wallets?${text.join('&')}`);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body;
}

/**
 * Everything after the cursor, page by page, once it has these wallets at these sequences: a transaction of any database
 * of the server may hold the feed back.
 */
async function readUntilThere(
  after: string | undefined,
  { limit, at }: { limit: number; at: Readonly<Record<string, number>> },
): Promise<Page['wallets']> {
  return readUntil(
    () => readAll(after, limit),
    (read) =>
      Object.entries(at).every(([id, sequence]) =>
        read.some((wallet) => wallet.wallet_id === id && wallet.sequence === sequence),
      ),
  );
}

async function readAll(after: string | undefined, limit: number): Promise<Page['wallets']> {
  const wallets: Page['wallets'] = [];
  let cursor = after;
  for (;;) {
    const read = await page({ limit, ...(cursor !== undefined && { after: cursor }) });
    wallets.push(...read.wallets);
    if (read.wallets.length < limit) return wallets;
    ({ cursor } = read);
  }
}

async function topUp(wallet_id: string): Promise<void> {
  expect((await app.post('/baskets', newBasket({ wallet_id, amount: '5' }))).status).toBe(200);
}

test('each wallet that changed after the cursor is listed once, with its newest balance, page by page', async () => {
  const { cursor } = await page({ limit: 1_000 });
  const ids = Array.from({ length: 5 }, (_, index) => `${index}.${randomUUID()}`);
  for (const id of [...ids, ids[0], ids[2]]) await topUp(id ?? '');
  const at = Object.fromEntries(ids.map((id, index) => [id, index === 0 || index === 2 ? 2 : 1]));
  const changed = await readUntilThere(cursor, { limit: 2, at });
  expect(changed.map(({ wallet_id, balance, sequence }) => [wallet_id, balance, sequence])).toEqual([
    [ids[1], '5.0000', 1],
    [ids[3], '5.0000', 1],
    [ids[4], '5.0000', 1],
    [ids[0], '10.0000', 2],
    [ids[2], '10.0000', 2],
  ]);
  expect(await readAll(undefined, 3)).toEqual(expect.arrayContaining(changed));
});

test('a balance that commits late is not skipped', async () => {
  const [late, early] = [randomUUID(), randomUUID()];
  await topUp(late);
  await readUntilThere(undefined, { limit: 100, at: { [late]: 1 } });
  const { cursor } = await page({ limit: 1_000 });
  const after = await withTransaction(app.database, async ({ client }) => {
    const text = `UPDATE trust.wallets SET balance = 7, sequence = 2, xact_id = pg_current_xact_id() WHERE wallet_id = $1`;
    await client.query(text, [late]);
    await topUp(early);
    const read = await page({ after: cursor });
    expect(read.wallets.map(({ wallet_id }) => wallet_id)).not.toContain(late);
    return read.cursor;
  });
  await readUntilThere(after, { limit: 10, at: { [late]: 2 } });
});

test('a cursor from before a restore, or from no answer, is refused', async () => {
  const { cursor } = await page();
  await app.post('/epoch', {});
  for (const after of [cursor, 'no-cursor', `${(await page()).epoch}.999999999999.1`]) {
    const { status, body } = await app.get(`/wallets?after=${after}`);
    expect([status, body.error.code]).toEqual([400, 'CURSOR_INVALID']);
  }
});

test('the list refuses what it does not know, and names the field', async () => {
  const { status, body } = await app.get('/wallets?limit=0');
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain('limit');
  expect((await app.call('GET', '/wallets', undefined, `${app.walletsToken}x`)).status).toBe(401);
});
