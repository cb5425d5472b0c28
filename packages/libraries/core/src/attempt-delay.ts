import type { AttentionCode } from '@cashback/contract/attention';
import { type WaitLimits, attentionDelay } from './waiting.ts';

interface AttemptLimits extends Pick<WaitLimits, 'attention_poll_ms' | 'attention_poll_max_ms'> {
  failure_base_ms: number;
}

/** The causes that end by money in the order's wallet. `find-wallet-waits` of cashback-db names the same. */
const WALLET_CODES: ReadonlySet<AttentionCode> = new Set(['wallet_forbids_negative', 'owed']);

/**
 * How long an order that needs attention waits between two attempts, if the last one was at `at`. Once billing says
 * that its wallet has money, the wait is the one after a first failure. So a wallet whose balance changes all the time costs
 * no more than an attempt in that time.
 */
export function attemptDelay(
  { code, since }: { code: AttentionCode; since: Date | null },
  { at, wallet_filled }: { at: Date; wallet_filled: boolean },
  limits: AttemptLimits,
): number {
  const slow_ms = attentionDelay(since, at, limits);
  return wallet_filled && WALLET_CODES.has(code) ? Math.min(slow_ms, limits.failure_base_ms) : slow_ms;
}
