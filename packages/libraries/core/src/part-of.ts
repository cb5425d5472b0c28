import type { OrderPart } from '@cashback/contract/order-parts';

/** What the part of an order depends on. */
export interface OrderStanding {
  /** Its newest revision was seen rewarded in full. */
  is_settled: boolean;
  needs_attention: boolean;
  /** Null also for a reason that an older release gave. */
  attention_code: string | null;
}

/** Each has a code that is called as the part. */
const PARTS_OF_THEIR_OWN = ['held_by_breaker', 'owed'] as const;

/** The one part that an order is in; null: it is settled, and its rewarded equals its target. */
export function partOf({ is_settled, needs_attention, attention_code }: OrderStanding): OrderPart | null {
  if (needs_attention) return PARTS_OF_THEIR_OWN.find((part) => part === attention_code) ?? 'needs_attention';
  return is_settled ? null : 'in_flight';
}
