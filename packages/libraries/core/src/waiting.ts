/** How long an order has been waiting. */
export interface Waiting {
  unsettled_since: Date;
  /** The part of that time in which `transactions` answered about the order. */
  waited_ms: number;
  now: Date;
}

export interface WaitLimits {
  /** Shortest and longest wait between two polls. */
  poll_base_ms: number;
  poll_max_ms: number;
  /** Shortest wait before an operation that was sent is polled: a callback normally reports its end earlier. */
  in_flight_poll_ms: number;
  /** An order that has waited for longer, and is in flight or tried without success, needs attention. */
  attention_after_ms: number;
  /** Shortest and longest wait between two polls of an order that needs attention. */
  attention_poll_ms: number;
  attention_poll_max_ms: number;
}

/**
 * Time counts against an order only between two answers about it, so no outage makes it need attention, however long it is
 * and whichever process restarts meanwhile. The time between two answers counts as two polls at most.
 */
export function waitedAfter(
  { waited_ms, answered_at, now }: { waited_ms: number; answered_at: Date | null; now: Date },
  isAnswered: boolean,
  { poll_max_ms }: Pick<WaitLimits, 'poll_max_ms'>,
): { waited_ms: number; answered_at: Date | null } {
  if (!isAnswered) return { waited_ms, answered_at: null };
  const since_ms = answered_at === null ? 0 : Math.max(0, now.getTime() - answered_at.getTime());
  return { waited_ms: waited_ms + Math.min(since_ms, 2 * poll_max_ms), answered_at: now };
}

/** Why an order that has waited this long needs attention; null while it does not. */
export function overdueReason(
  { unsettled_since, waited_ms }: Pick<Waiting, 'unsettled_since' | 'waited_ms'>,
  { attention_after_ms }: Pick<WaitLimits, 'attention_after_ms'>,
): string | null {
  return waited_ms <= attention_after_ms ? null : `not settled since ${unsettled_since.toISOString()}`;
}

/** The time for which the order has been unsettled, within the limits. Each wait doubles that time, so waits double. */
export function pollDelay(
  { unsettled_since, now }: Pick<Waiting, 'unsettled_since' | 'now'>,
  { poll_base_ms, poll_max_ms }: Pick<WaitLimits, 'poll_base_ms' | 'poll_max_ms'>,
): number {
  return within(poll_base_ms, now.getTime() - unsettled_since.getTime(), poll_max_ms);
}

/** The same for an operation that was sent. The whole wait passes only when its callback is lost. */
export function inFlightDelay(
  waiting: Pick<Waiting, 'unsettled_since' | 'now'>,
  {
    in_flight_poll_ms,
    poll_base_ms,
    poll_max_ms,
  }: Pick<WaitLimits, 'in_flight_poll_ms' | 'poll_base_ms' | 'poll_max_ms'>,
): number {
  return pollDelay(waiting, { poll_base_ms: Math.max(poll_base_ms, in_flight_poll_ms), poll_max_ms });
}

/** The same for an order that needs attention: the time for which it has, within the limits. */
export function attentionDelay(
  since: Date | null,
  now: Date,
  {
    attention_poll_ms,
    attention_poll_max_ms,
  }: Pick<WaitLimits, 'attention_poll_ms' | 'attention_poll_max_ms'>,
): number {
  const since_ms = since === null ? 0 : now.getTime() - since.getTime();
  return within(attention_poll_ms, since_ms, attention_poll_max_ms);
}

function within(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
