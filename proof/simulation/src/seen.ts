import type { NewDrift } from '@cashback/cashback-db';
import type { OrderRow } from './tables.ts';

/** What the rows were after the effect before this one, and when each order's revision was healed. */
export interface Seen {
  orders: Map<string, OrderRow>;
  drifts: readonly NewDrift[];
  heals: Map<string, number[]>;
}

export function nothingSeen(): Seen {
  return { orders: new Map(), drifts: [], heals: new Map() };
}
