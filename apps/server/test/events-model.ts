import type { CashbackClient } from '@cashback/client';
import {
  type ModelCall,
  type ModelOrder,
  type ModelStep,
  NO_ORDER,
  modelRegister,
} from '@cashback/register-model';
import { wholeAmount } from '@cashback/register-model/calls';

/** An order of the reference model, and its events as `revision source value`. */
export interface OrderWithEvents {
  order: ModelOrder;
  events: string[];
}

export const NOTHING: OrderWithEvents = { order: NO_ORDER, events: [] };

export function registerWithEvents(
  { order, events }: OrderWithEvents,
  call: ModelCall,
): { step: ModelStep; after: OrderWithEvents } {
  const step = modelRegister(order, call);
  const added = step.changes.map(({ source, value }) => `${step.order.revision} ${source} ${value}`);
  return { step, after: { order: step.order, events: [...events, ...added.toSorted()] } };
}

/** What `events` lists; those of one revision by source. */
export async function callEvents(client: CashbackClient, order_id: string): Promise<string[]> {
  const { events } = await client.events({ order_id });
  return events.map(({ revision, source, value }) => `${revision} ${source} ${wholeAmount(value)}`);
}
