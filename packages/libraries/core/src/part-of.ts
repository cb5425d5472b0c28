import type { OrderPart } from '@cashback/contract/order-parts';

/** What the part of an order depends on. */
export interface OrderStanding {
  /** Its newest revision was seen rewarded in full. */
  is_settled: boolean;
  needs_attention: boolean;
  /** Null also for a reason that an older release gave. */
  attention_code: string | null;
}

/** The one part that an order is in; null: it is settled, and its rewarded equals its target. */
export function partOf({ is_settled, needs_attention, attention_code }: OrderStanding): OrderPart | null {
  if (needs_attention) return attention_code === 'held_by_breaker' ? 'held_by_breaker' : 'needs_attention';
  return is_settled ? null : 'in_flight';
}
