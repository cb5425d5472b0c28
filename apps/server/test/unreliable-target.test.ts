import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestServer, registerInput, startTestServer, values } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  // As a release does that knows a third source.
  await write('ALTER TABLE cashback.events DROP CONSTRAINT events_source');
});
afterAll(() => server?.stop());

async function write(sql: string, ...parameters: unknown[]): Promise<void> {
  await server.admin.pool.query(sql, parameters);
}

async function addEvent(orderId: string, source: string, value: string, revision: number): Promise<void> {
  await write(
    `INSERT INTO cashback.events (order_id, source, value, revision, invoice_version) VALUES ($1, $2, $3, $4, 1)`,
    orderId,
    source,
    value,
    revision,
  );
}

async function stored(orderId: string) {
  const { rows } = await server.admin.pool.query(
    `SELECT revision, cashback_sum, (SELECT count(*)::int FROM cashback.events e WHERE e.order_id = o.order_id) AS events
     FROM cashback.order_clears o WHERE order_id = $1`,
    [orderId],
  );
  return rows[0];
}

describe('an order with a source that this release does not know', () => {
  test('is not registered again and not shown without it, and fails no other call of its transaction', async () => {
    const input = registerInput(values('5'));
    const { order_id } = input;
    await server.client.register(input);
    await addEvent(order_id, 'bank', '3', 2);
    await write(
      'UPDATE cashback.order_clears SET revision = 2, cashback_sum = 8 WHERE order_id = $1',
      order_id,
    );
    const before = await stored(order_id);

    const refusal = { code: 'UNKNOWN_SOURCE', retryable: false, details: { order_id, sources: ['bank'] } };
    const other = registerInput(values('7'));
    const changed = { ...input, invoice_version: 2, ...values('6') };
    const [refused, registered] = await Promise.allSettled([
      server.client.register(changed),
      server.client.register(other),
    ]);
    expect(refused).toMatchObject({ status: 'rejected', reason: refusal });
    expect(registered).toMatchObject({ status: 'fulfilled', value: { outcome: 'registered' } });
    await expect(server.client.register(input)).rejects.toMatchObject(refusal);
    await expect(server.client.order({ order_id })).rejects.toMatchObject(refusal);
    expect(await stored(order_id)).toEqual(before);
  });
});

describe('an order whose sum its newest events do not have', () => {
  test('is refused with both sums and stays as it is, until the missing event is there', async () => {
    const input = registerInput(values('0'));
    const { order_id } = input;
    await server.client.register(input);
    // As an import without events leaves it.
    await write('UPDATE cashback.order_clears SET cashback_sum = 5 WHERE order_id = $1', order_id);
    const before = await stored(order_id);
    const refusal = {
      code: 'SUM_CONTRADICTS_EVENTS',
      retryable: false,
      details: { order_id, cashback_sum: '5.0000', sum_of_events: '0.0000' },
    };
    await expect(server.client.register(input)).rejects.toMatchObject(refusal);
    await expect(server.client.register({ ...input, ...values('9') })).rejects.toMatchObject(refusal);
    expect(await stored(order_id)).toEqual(before);

    await addEvent(order_id, 'user', '5', 1);
    expect(await server.client.register({ ...input, ...values('9') })).toMatchObject({
      outcome: 'registered',
      revision: 2,
      cashback_sum: '9.0000',
    });
  });
});
