import type { AttentionCode } from '@cashback/contract/attention';
import type {
  Attempts,
  ChargeDecision,
  ChargeInput,
  ChargeLimits,
  OpenOperation,
} from '../src/decide-charge.ts';
import type { ObservedCashback } from '../src/observed-cashback.ts';

export const now = new Date('2026-01-02T12:00:00.000Z');
export const ago = (ms: number) => new Date(now.getTime() - ms);

export const limits: ChargeLimits = {
  poll_base_ms: 100,
  poll_max_ms: 10_000,
  in_flight_poll_ms: 400,
  failure_base_ms: 1_000,
  failure_max_ms: 8_000,
  max_failures: 5,
  attention_after_ms: 60_000,
  attention_poll_ms: 30_000,
  attention_poll_max_ms: 120_000,
};
export const target = { user: 10n, service: 5n };
/** Our operation that is under way. */
export const open: OpenOperation = { operation_id: 'ours', revision: 3, reward: target, version: 7 };

/** The cashback of an invoice that carries none, after operations of others, but for what is given. */
export function cashbackOf(given: Partial<ObservedCashback> = {}): ObservedCashback {
  return { epoch: null, version: 8, status: 'success', rewarded: {}, operations: [], ...given };
}

/** How the invoice lists our operation. */
export function listed(
  status: ObservedCashback['status'],
  reason?: string,
): ObservedCashback['operations'][number] {
  return { operation_id: 'ours', status, reward: target, ...(reason === undefined ? {} : { reason }) };
}

/** An order that has just become unsettled, with nothing under way, but for what is given. */
export function inputOf(given: Partial<ChargeInput> = {}): ChargeInput {
  return {
    target,
    revision: 3,
    cashback: cashbackOf(),
    operation: null,
    cashback_epoch: 1,
    cashback_version: 0,
    attempts: attemptsOf({}),
    unsettled_since: ago(0),
    waited_ms: 0,
    attention: null,
    now,
    limits,
    ...given,
  };
}

/** Operations of the revision that ended, but for what is given none. */
export function attemptsOf(given: Partial<Attempts>): Attempts {
  return { failed: 0, applied: 0, rejected: 0, last_at: null, ...given };
}

export const applied = { operation_id: 'ours', outcome: 'applied' as const, reason: null };
export const failed = { operation_id: 'ours', outcome: 'failed' as const, reason: null };

type Without<Decision> = Decision extends unknown ? Omit<Decision, 'attention'> : never;
type BriefDecision = Without<ChargeDecision> & { code?: AttentionCode; reason?: string };

export type ChargeCase = [guarantee: string, given: Partial<ChargeInput>, decision: BriefDecision];

/** A decision with the code and reason of its attention, and nothing when there is none. */
export function briefDecision(decision: ChargeDecision): BriefDecision {
  const { attention, ...rest } = { attention: null, ...decision };
  return attention === null ? rest : { ...rest, code: attention.code, reason: attention.reason };
}
