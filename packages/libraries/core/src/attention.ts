import type { AttentionCode } from '@cashback/contract/attention';

/** Why an order needs attention: a code, a sentence for people, and the values that it speaks of. */
export interface Attention {
  code: AttentionCode;
  reason: string;
  details: Record<string, unknown>;
}

/** The one that an order has. */
export interface StandingAttention extends Attention {
  since: Date | null;
}

/** The attention that goes on, whatever was observed. */
export function withoutSince({ code, reason, details }: StandingAttention): Attention {
  return { code, reason, details };
}

/** The causes of which another observation that cannot be used says more, or something else. */
const SEEN_BY_OBSERVING: ReadonlySet<AttentionCode> = new Set([
  'observation_missing',
  'observation_unreadable',
  'observation_stale',
  'payee_differs',
  'status_contradicts',
  'attempts_failed',
]);

/** The attention that an order keeps when an observation cannot be used: nothing was seen of its cause. */
export function keptWhileUnusable(
  standing: StandingAttention | null,
  { is_overdue }: { is_overdue: boolean },
): Attention | null {
  if (standing === null || (is_overdue && SEEN_BY_OBSERVING.has(standing.code))) return null;
  return withoutSince(standing);
}

/** Only another attempt shows whether these causes are gone. */
const SEEN_BY_SENDING: ReadonlySet<AttentionCode> = new Set([
  'payee_differs',
  'operation_refused',
  'operations_failed',
  'operations_without_effect',
  'operations_rejected',
  'wallet_forbids_negative',
  'owed',
]);

/** The attention that an order keeps although what was observed does not show its cause. */
export function keptWhileSending(standing: StandingAttention | null): Attention | null {
  return standing === null || !SEEN_BY_SENDING.has(standing.code) ? null : withoutSince(standing);
}

/** The answers to repeats of an open operation show whether these are gone. */
const SEEN_BY_REPEATING: ReadonlySet<AttentionCode> = new Set([
  'operation_stuck',
  'trust_differs',
  'history_lost',
  'attempts_failed',
]);

/** As long as nothing but repeats of an open operation are sent, the answers to them may be the cause. */
export function keptWhileRepeating(standing: StandingAttention | null): Attention | null {
  if (standing === null || !SEEN_BY_REPEATING.has(standing.code)) return keptWhileSending(standing);
  return withoutSince(standing);
}
