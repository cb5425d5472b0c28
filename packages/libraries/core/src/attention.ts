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
  if (standing === null || !SEEN_BY_SENDING.has(standing.code)) return null;
  const { code, reason, details } = standing;
  return { code, reason, details };
}

/** The answers to repeats of an open operation show whether these are gone. */
const SEEN_BY_REPEATING: ReadonlySet<AttentionCode> = new Set([
  'operation_stuck',
  'history_lost',
  'attempts_failed',
]);

/** As long as nothing but repeats of an open operation are sent, the answers to them may be the cause. */
export function keptWhileRepeating(standing: StandingAttention | null): Attention | null {
  if (standing === null || !SEEN_BY_REPEATING.has(standing.code)) return keptWhileSending(standing);
  const { code, reason, details } = standing;
  return { code, reason, details };
}
