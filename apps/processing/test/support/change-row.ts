import type { ChangeRow } from '../../src/inbox/change.ts';

/** The row of an order of which version 4 was announced, and nothing processed yet. */
export function untouchedChange(order_id: string): ChangeRow {
  return {
    order_id,
    service: 'green',
    seen_epoch: 1,
    seen_version: 4,
    processed_epoch: 1,
    processed_version: 0,
    hints: 0,
    answered_hints: 0,
    config_hash: null,
    asks_again: false,
    failures: 0,
    waited_ms: null,
    attention: null,
    registered: 0,
    unchanged: 0,
    stale: 0,
    next_attempt_in_ms: 0,
    audit_in_ms: null,
    audit_step: 0,
    brought_by: 'callback',
  };
}
