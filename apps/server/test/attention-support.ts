import type { AttentionListInput, AttentionReportInput } from '@cashback/contract';
import { type TestServer, registerInput } from './support.ts';

interface Need {
  code?: string | null;
  since?: string;
  service?: string;
}

type Report = AttentionReportInput['orders'][number];

export function report(order_id: string, fields: Partial<Report> = {}): Report {
  return {
    order_id,
    service: 'yellow',
    code: 'rates_missing',
    reason: 'the order has no rates',
    details: null,
    since: '2026-03-01T00:00:00.000Z',
    ...fields,
  };
}

/** What the tests of attention do with a server, which is started later. */
export function attentionOf(server: () => TestServer) {
  /** Removes every order and report. */
  async function clear(): Promise<void> {
    await server().admin.pool.query(
      'TRUNCATE cashback.order_clears, cashback.events, cashback.reported_attention, cashback.attention_resumes',
    );
  }

  /** An order for which the worker has stated a need for attention. */
  async function needsAttention(
    order_id: string,
    { code = 'operation_stuck', since, service }: Need = {},
  ): Promise<string> {
    await server().client.register(registerInput({ order_id, ...(service !== undefined && { service }) }));
    await server().admin.pool.query(
      `UPDATE cashback.order_clears SET attention = 'a reason', attention_code = $2, attention_since = $3,
         attention_details = '{"operation_id":"operation-1"}', poll_at = now() + interval '1 hour', waited_ms = 900000,
         heals = 3, healed_since = now()
       WHERE order_id = $1`,
      [order_id, code, code === null ? null : (since ?? '2026-03-01T00:00:00.000Z')],
    );
    return order_id;
  }

  /** States that these are all orders that need attention in processing. */
  async function reportAll(orders: Report[], fields: { read_at?: string } = {}): Promise<string[]> {
    return (await server().client.attention.report({ origin: 'processing', orders, ...fields })).resume;
  }

  async function listed(input: Partial<AttentionListInput> = {}): Promise<string[]> {
    const { orders } = await server().client.attention.list(input);
    return orders.map(({ order_id, origin }) => `${origin} ${order_id}`);
  }

  async function rowOf(order_id: string): Promise<Record<string, unknown>> {
    const { rows } = await server().admin.pool.query<Record<string, unknown>>(
      `SELECT attention, attention_code, waited_ms::int AS waited_ms, heals, poll_at <= now() AS is_due, held_revision
       FROM cashback.order_clears WHERE order_id = $1`,
      [order_id],
    );
    return rows[0] ?? {};
  }

  return { needsAttention, reportAll, listed, rowOf, clear };
}
