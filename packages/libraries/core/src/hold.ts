/** Why and how far a part of an order's target is held; kept with the order as JSON, amounts as decimal strings. */
export interface Hold {
  service: string;
  currency: string;
  /** What may be sent; the rest waits for a release. */
  allowed: { source: 'user' | 'service'; amount: string }[];
  /** ISO 8601. */
  window_start: string;
  window_s: number;
  /** To what the window would have grown with this change. */
  growth: string;
  max_growth: string;
}

/** Why the order needs attention, for people. */
export function describeHold({
  service,
  currency,
  window_start,
  window_s,
  growth,
  max_growth,
}: Hold): string {
  return (
    `the targets of ${service} would have grown by ${growth} ${currency} in the ${window_s} s from ${window_start}, ` +
    `and the breaker's bound is ${max_growth}: what rises waits for a release`
  );
}
