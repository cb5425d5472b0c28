import type { AttentionCode } from '@cashback/contract/attention';
import { type WaitLimits, attentionDelay } from './waiting.ts';

interface AttemptLimits extends Pick<WaitLimits, 'attention_poll_ms' | 'attention_poll_max_ms'> {
  failure_base_ms: number;
  failure_max_ms: number;
}

/** The causes that end by money in the order's wallet. `find-wallet-waits` of cashback-db names the same. */
const WALLET_CODES: ReadonlySet<AttentionCode> = new Set(['wallet_forbids_negative', 'owed']);

/**
 * How long an order that needs attention waits between two attempts, if the last one was at `at`. Once billing says
 * that its wallet has money, the wait is the one after as many failures: it may have less than is needed, and each refused
 * refund stays at the payment system permanently. So a wallet whose balance changes all the time costs few attempts.
 */
export function attemptDelay(
  { code, since }: { code: AttentionCode; since: Date | null },
  { at, wallet_filled, failed = 1 }: { at: Date; wallet_filled: boolean; failed?: number },
  limits: AttemptLimits,
): number {
  const slow_ms = attentionDelay(since, at, limits);
  if (!wallet_filled || !WALLET_CODES.has(code)) return slow_ms;
  const doublings = Math.min(Math.max(0, failed - 1), 30);
  return Math.min(slow_ms, limits.failure_max_ms, limits.failure_base_ms * 2 ** doublings);
}
