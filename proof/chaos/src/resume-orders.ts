import type { FrontDoor } from '@cashback/scenario';
import { type World, selectOfRun } from '@cashback/invariants';
import * as z from 'zod';

interface Row {
  order_id: string;
  service: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  invoice_version: number;
  cleared_sum: string;
  revision: number;
}

/** Does what a person does once the faults are over: registers the same target again, and resumes processing. */
export async function resumeOrders(world: World, door: FrontDoor): Promise<number> {
  const orders = await selectOfRun<Row>(
    world,
    `SELECT order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, revision
       FROM cashback.order_clears WHERE order_id LIKE $1 AND attention IS NOT NULL`,
  );
  for (const { revision, ...order } of orders) {
    const { target } = await door.retryUntilAnswered(() => door.server.order({ order_id: order.order_id }));
    await door.retryUntilAnswered(() =>
      door.server.register({ ...order, cashback_by_source: target, expected_revision: revision }),
    );
  }
  const changes = await selectOfRun<{ order_id: string }>(
    world,
    'SELECT order_id FROM processing.invoice_changes WHERE order_id LIKE $1 AND attention IS NOT NULL LIMIT 1000',
  );
  if (changes.length > 0) {
    const order_ids = changes.map(({ order_id }) => order_id);
    await door.retryUntilAnswered(() =>
      door.processing.post('/attention/resume', { order_ids }, z.object({})),
    );
  }
  return orders.length + changes.length;
}
