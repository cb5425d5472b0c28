/**
 * What keeps an order from its target. Every order is in exactly one part, or settled:
 *
 * - `in_flight`: the system works on it;
 * - `needs_attention`: it waits for a person, or for its cause to go;
 * - `awaiting_approval`: it is beyond a limit, and waits for an approval;
 * - `held_by_breaker`: its service's targets grew beyond the bound of the breaker;
 * - `pending_return_period`: its time for returns is not over;
 * - `owed`: its wallet had less than was to be taken back, and owes the rest.
 *
 * The list grows: a client that does not know a part treats it as `in_flight`.
 */
export const ORDER_PARTS = [
  'in_flight',
  'needs_attention',
  'awaiting_approval',
  'held_by_breaker',
  'pending_return_period',
  'owed',
] as const;
export type OrderPart = (typeof ORDER_PARTS)[number];
