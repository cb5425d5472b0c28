import type { TrustSettings } from '@cashback/wire';

/** Trust without faults, and nearly without latency. */
export const CALM: TrustSettings = {
  latency_ms: 20,
  answer_delay_ms: 0,
  failure_share: 0,
  lost_answer_share: 0,
  refusal_share: 0,
  duplicate_callback_share: 0,
  reorder_callback_share: 0,
  lost_callback_share: 0,
};
