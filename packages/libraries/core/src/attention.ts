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

/** As long as nothing but repeats of an open operation are sent, the answers to them may be the cause. */
export function keptWhileRepeating(standing: StandingAttention | null): Attention | null {
  if (standing?.code !== 'operation_stuck' && standing?.code !== 'history_lost')
    return keptWhileSending(standing);
  const { code, reason, details } = standing;
  return { code, reason, details };
}
