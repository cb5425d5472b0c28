import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type TestServer,
  queuedJobs,
  registerInput,
  snapshotOf,
  startTestServer,
  values,
} from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

/** As the worker does once an order is at its target. */
async function settle(orderId: string, attention: string | null = null): Promise<void> {
  await server.admin.pool.query(
    `UPDATE cashback.order_clears SET settled_revision = revision, attention = $2,
       unsettled_since = '2001-01-01', next_charge_at = '2001-01-01' WHERE order_id = $1`,
    [orderId, attention],
  );
}

async function rowOf(orderId: string): Promise<Record<string, unknown> | undefined> {
  const { rows } = await server.admin.pool.query<Record<string, unknown>>(
    `SELECT *, unsettled_since > now() - interval '1 minute' AS just_unsettled,
       next_charge_at > now() - interval '1 minute' AS charged_next
     FROM cashback.order_clears WHERE order_id = $1`,
    [orderId],
  );
  return rows[0];
}

describe('the first register of an order', () => {
  test('is stored as revision 1 with an event for each source above zero, and queues its charge', async () => {
    const input = registerInput({ ...values('5', '2.5'), receipt: { lines: ['a'] }, expected_revision: 0 });
    expect(await server.client.register(input)).toEqual({
      need_processing: true,
      outcome: 'registered',
      revision: 1,
      invoice_epoch: 1,
      invoice_version: 1,
      cashback_sum: '7.5000',
      cashback_by_source: [
        { source: 'user', value: '5.0000' },
        { source: 'service', value: '2.5000' },
      ],
    });
    expect(await rowOf(input.order_id)).toMatchObject({
      service: 'yellow',
      user_id: 'user-1',
      wallet_id: 'wallet-1',
      currency: 'USD',
      cleared_sum: '100.0000',
      cashback_sum: '7.5000',
      revision: 1,
      settled_revision: 0,
      receipt: { lines: ['a'] },
      attention: null,
    });
    const { events } = await server.client.events({ order_id: input.order_id });
    expect(events).toMatchObject([
      { source: 'service', value: '2.5000', revision: 1, invoice_version: 1 },
      { source: 'user', value: '5.0000', revision: 1, invoice_version: 1 },
    ]);
    expect(await queuedJobs(server, input.order_id)).toBe(1);
  });

  test('is registered even when every source is zero', async () => {
    const input = registerInput(values('0'));
    expect(await server.client.register(input)).toMatchObject({ outcome: 'registered', revision: 1 });
    expect(await server.client.register(input)).toMatchObject({ outcome: 'unchanged', revision: 1 });
    expect((await server.client.events({ order_id: input.order_id })).events).toEqual([]);
  });

  test('that expects another revision than 0 is refused and writes no row', async () => {
    const before = await snapshotOf(server);
    await expect(server.client.register(registerInput({ expected_revision: 1 }))).rejects.toMatchObject({
      code: 'REVISION_CONFLICT',
      retryable: true,
      details: { expected_revision: 1, revision: 0 },
    });
    expect(await snapshotOf(server)).toBe(before);
  });
});

describe('a later register', () => {
  test('of another target is the next revision; an absent source becomes zero', async () => {
    const { order_id } = await registered(values('5', '2.5'));
    const next = registerInput({ order_id, invoice_version: 2, expected_revision: 1, ...values('6') });
    expect(await server.client.register(next)).toMatchObject({
      outcome: 'registered',
      revision: 2,
      invoice_version: 2,
      cashback_sum: '6.0000',
      cashback_by_source: [
        { source: 'user', value: '6.0000' },
        { source: 'service', value: '0.0000' },
      ],
    });
    const { events } = await server.client.events({ order_id });
    expect(events.slice(2)).toMatchObject([
      { source: 'service', value: '0.0000', revision: 2 },
      { source: 'user', value: '6.0000', revision: 2 },
    ]);
  });

  test('writes an event for the changed source only', async () => {
    const { order_id } = await registered(values('5', '2.5'));
    await server.client.register(registerInput({ order_id, ...values('5', '3') }));
    const { events } = await server.client.events({ order_id });
    expect(events.slice(2)).toMatchObject([{ source: 'service', value: '3.0000', revision: 2 }]);
  });

  test('makes a settled order unsettled from now on, and clears its attention', async () => {
    const { order_id } = await registered();
    await settle(order_id, 'checked by hand');
    await server.client.register(registerInput({ order_id, ...values('6') }));
    expect(await rowOf(order_id)).toMatchObject({
      revision: 2,
      settled_revision: 1,
      attention: null,
      just_unsettled: true,
      charged_next: true,
    });
  });

  test('restarts the time of an unsettled order: the new target is a new obligation', async () => {
    const { order_id } = await registered();
    await settle(order_id);
    await server.admin.pool.query(
      'UPDATE cashback.order_clears SET settled_revision = 0 WHERE order_id = $1',
      [order_id],
    );
    await server.client.register(registerInput({ order_id, ...values('6') }));
    expect(await rowOf(order_id)).toMatchObject({ just_unsettled: true, charged_next: true });
  });

  test.each([1, 2])(
    'of the same target, with invoice version %i, resumes an order that needs attention',
    async (invoice_version) => {
      const { order_id } = await registered(values('5'), { first: true });
      const { admin } = server;
      await settle(order_id, 'checked by hand');
      await admin.pool.query('UPDATE cashback.order_clears SET settled_revision = 0 WHERE order_id = $1', [
        order_id,
      ]);
      await admin.pool.query('DELETE FROM cashback_jobs.job WHERE singleton_key = $1', [order_id]);
      const again = registerInput({ order_id, invoice_version, ...values('5') });
      expect(await server.client.register(again)).toMatchObject({ outcome: 'unchanged', revision: 1 });
      expect(await rowOf(order_id)).toMatchObject({
        revision: 1,
        settled_revision: 0,
        invoice_version,
        receipt: invoice_version === 1 ? { first: true } : null,
        attention: null,
        just_unsettled: true,
        charged_next: true,
      });
      expect(await queuedJobs(server, order_id)).toBe(1);
    },
  );

  test('of an older invoice version resumes nothing', async () => {
    const { order_id } = await registered();
    await server.client.register(registerInput({ order_id, invoice_version: 2 }));
    await settle(order_id, 'checked by hand');
    await server.client.register(registerInput({ order_id, invoice_version: 1 }));
    expect(await rowOf(order_id)).toMatchObject({ attention: 'checked by hand', charged_next: false });
  });

  test('of the same target is unchanged; a newer version is stored with its sum and receipt', async () => {
    const { order_id } = await registered(values('5'), { first: true });
    await settle(order_id);
    const newer = registerInput({
      order_id,
      invoice_version: 3,
      cleared_sum: '90',
      receipt: { second: true },
    });
    expect(await server.client.register(newer)).toMatchObject({
      outcome: 'unchanged',
      revision: 1,
      invoice_version: 3,
      cashback_sum: '5.0000',
    });
    expect(await rowOf(order_id)).toMatchObject({
      revision: 1,
      settled_revision: 1,
      invoice_version: 3,
      cleared_sum: '90.0000',
      receipt: { second: true },
      attention: null,
      just_unsettled: false,
      charged_next: false,
    });
  });

  test('of an older invoice version is stale and answers with the stored order', async () => {
    const { order_id } = await registered(values('5'));
    await server.client.register(registerInput({ order_id, invoice_version: 4, ...values('7') }));
    const row = await rowOf(order_id);
    const stale = registerInput({ order_id, invoice_version: 3, ...values('9', '9'), expected_revision: 1 });
    expect(await server.client.register(stale)).toMatchObject({
      need_processing: true,
      outcome: 'stale',
      revision: 2,
      invoice_version: 4,
      cashback_sum: '7.0000',
      cashback_by_source: [
        { source: 'user', value: '7.0000' },
        { source: 'service', value: '0.0000' },
      ],
    });
    expect(await rowOf(order_id)).toEqual(row);
  });

  test('that expects another revision than the stored one is refused', async () => {
    const { order_id } = await registered();
    await server.client.register(registerInput({ order_id, ...values('6') }));
    const before = await snapshotOf(server);
    const late = registerInput({ order_id, expected_revision: 1, ...values('7') });
    await expect(server.client.register(late)).rejects.toMatchObject({
      code: 'REVISION_CONFLICT',
      retryable: true,
      details: { order_id, expected_revision: 1, revision: 2 },
    });
    expect(await snapshotOf(server)).toBe(before);
  });

  test('repeated after a lost answer is unchanged, although its expected revision has passed', async () => {
    const { order_id } = await registered();
    const next = registerInput({ order_id, expected_revision: 1, ...values('6') });
    expect(await server.client.register(next)).toMatchObject({ outcome: 'registered', revision: 2 });
    expect(await server.client.register(next)).toMatchObject({ outcome: 'unchanged', revision: 2 });
  });

  test('repeated late, after another target was stored, is refused and changes nothing', async () => {
    const { order_id } = await registered();
    const next = registerInput({ order_id, expected_revision: 1, ...values('6') });
    await server.client.register(next);
    await server.client.register({ ...next, expected_revision: 2, ...values('7') });
    const before = await snapshotOf(server);
    await expect(server.client.register(next)).rejects.toMatchObject({
      code: 'REVISION_CONFLICT',
      details: { expected_revision: 1, revision: 3 },
    });
    expect(await snapshotOf(server)).toBe(before);
  });

  test('of a newer epoch with a lower version is stored, and what the epoch before says is stale', async () => {
    const before = registerInput({ invoice_epoch: 1, invoice_version: 7, ...values('8') });
    const { order_id } = before;
    await server.client.register(before);
    const restored = { ...before, invoice_epoch: 2, invoice_version: 1, ...values('0') };
    expect(await server.client.register(restored)).toMatchObject({
      outcome: 'registered',
      revision: 2,
      invoice_epoch: 2,
      invoice_version: 1,
    });
    const late = { ...before, invoice_version: 9, ...values('9') };
    expect(await server.client.register(late)).toMatchObject({ outcome: 'stale', invoice_epoch: 2 });
    expect(await server.client.order({ order_id })).toMatchObject({
      invoice_epoch: 2,
      invoice_version: 1,
      cashback_sum: '0.0000',
    });
    const { events } = await server.client.events({ order_id });
    expect(events.map(({ invoice_epoch, value }) => `${invoice_epoch} ${value}`)).toEqual([
      '1 8.0000',
      '2 0.0000',
    ]);
  });

  test('with an epoch needs the expected revision to replace another target of its version', async () => {
    const stored = registerInput({ invoice_epoch: 1 });
    await server.client.register(stored);
    const other = { ...stored, ...values('6') };
    const before = await snapshotOf(server);
    await expect(server.client.register(other)).rejects.toMatchObject({
      code: 'EXPECTED_REVISION_REQUIRED',
      retryable: false,
      details: { order_id: stored.order_id, invoice_epoch: 1, invoice_version: 1, revision: 1 },
    });
    expect(await snapshotOf(server)).toBe(before);
    expect(await server.client.register({ ...other, expected_revision: 1 })).toMatchObject({ revision: 2 });
  });

  test.each([
    ['service', 'green'],
    ['user_id', 'user-2'],
    ['wallet_id', 'wallet-2'],
    ['currency', 'EUR'],
  ] as const)(
    'with another %s is refused: the field and both values are named, and nothing is changed',
    async (field, other) => {
      const input = await registered();
      const { order_id } = input;
      const before = await snapshotOf(server);
      const refusal = {
        code: 'IMMUTABLE_FIELD',
        retryable: false,
        message: `a register never changes ${field} of an order: expected "${input[field]}", got "${other}"`,
        details: { order_id, field, stored: input[field], received: other },
      };
      const next = registerInput({ order_id, [field]: other });
      for (const call of [next, { ...next, invoice_version: 2 }, { ...next, ...values('6') }]) {
        await expect(server.client.register(call)).rejects.toMatchObject(refusal);
        expect(await server.client.registerMany([call])).toMatchObject([{ error: refusal }]);
      }
      expect(await snapshotOf(server)).toBe(before);
    },
  );
});

describe('cashback_sum alone', () => {
  test('is funded by user alone', async () => {
    const { order_id } = await registered({ cashback_sum: '5.5' });
    const { target } = await server.client.order({ order_id });
    expect(target).toEqual([
      { source: 'user', value: '5.5000' },
      { source: 'service', value: '0.0000' },
    ]);
    const next = registerInput({ order_id, cashback_sum: '6' });
    expect(await server.client.register(next)).toMatchObject({
      outcome: 'registered',
      cashback_sum: '6.0000',
    });
  });

  test('of an order that another source funds too is unchanged when equal, otherwise refused', async () => {
    const { order_id } = await registered(values('5', '2'));
    const equal = registerInput({ order_id, cashback_sum: '7' });
    expect(await server.client.register(equal)).toMatchObject({ outcome: 'unchanged', revision: 1 });
    await expect(
      server.client.register(registerInput({ order_id, cashback_sum: '8' })),
    ).rejects.toMatchObject({
      code: 'SOURCE_SPLIT_REQUIRED',
      retryable: false,
      details: { order_id, cashback_sum: '8.0000', stored_sum: '7.0000' },
    });
  });
});

test('every outcome queues the charge again: an earlier answer may have been lost', async () => {
  const { order_id } = await registered(values('5'));
  await server.client.register(registerInput({ order_id, invoice_version: 3, ...values('5') }));
  for (const [outcome, invoice_version] of [
    ['unchanged', 3],
    ['stale', 2],
  ] as const) {
    await server.admin.pool.query(`DELETE FROM cashback_jobs.job WHERE singleton_key = $1`, [order_id]);
    expect(await server.client.register(registerInput({ order_id, invoice_version }))).toMatchObject({
      outcome,
    });
    expect(await queuedJobs(server, order_id)).toBe(1);
  }
});

test('each call of a batch succeeds or fails by itself', async () => {
  const { order_id } = await registered();
  const results = await Promise.allSettled([
    server.client.register(registerInput()),
    server.client.register(registerInput({ cleared_sum: '1e5' })),
    server.client.register(registerInput({ order_id, user_id: 'other' })),
    server.client.register(registerInput()),
  ]);
  expect(results).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'BAD_REQUEST' } },
    { status: 'rejected', reason: { code: 'IMMUTABLE_FIELD' } },
    { status: 'fulfilled' },
  ]);
});

async function registered(
  amounts: Parameters<typeof registerInput>[0] = values('5'),
  receipt: Record<string, unknown> = {},
) {
  const input = registerInput({ ...amounts, receipt });
  await server.client.register(input);
  return input;
}
