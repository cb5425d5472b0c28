import { expect, test } from 'vitest';
import { seededChoices } from '../src/engine/choices.ts';
import type { Incident } from '../src/incidents/incident.ts';
import { PLANTED_BUGS, type PlantedBug } from '../src/planted-bugs.ts';
import { simulate } from '../src/simulate.ts';

/** The first seed to try for each, and the invariants that it breaks. */
const CALIBRATION: Readonly<
  Record<
    PlantedBug,
    { from: number; breaks: readonly (number | null)[]; incidents?: readonly Incident[]; audits?: false }
  >
> = {
  no_row_lock: { from: 0, breaks: [1, 3, 4] },
  lock_and_read_in_one_statement: { from: 60, breaks: [1] },
  new_operation_id_on_retry: { from: 0, breaks: [7] },
  random_ids: { from: 80, breaks: [6], incidents: ['rewind_cashback'] },
  new_step_id_on_retry: { from: 0, breaks: [7] },
  greater_or_equal_for_greater: { from: 0, breaks: [1, 17] },
  enqueue_after_commit: { from: 0, breaks: [11] },
  settle_on_stale_poll: { from: 0, breaks: [1, 5, 8] },
  settled_is_terminal: { from: 0, breaks: [1], incidents: ['foreign_writer'] },
  past_is_present: { from: 20, breaks: [1], incidents: ['lagging_replica'] },
  sequence_ignored: { from: 0, breaks: [9, 10] },
  push_of_equal_sequence: { from: 0, breaks: [10] },
  silence_is_failure: { from: 0, breaks: [1, 8, 12] },
  refused_repeat_counts: { from: 180, breaks: [1, 8, 12] },
  failures_uncounted: { from: 800, breaks: [null] },
  // The audits find what a reader misses.
  cursor_unchecked: { from: 0, breaks: [0, 1], incidents: ['rewind_transactions'], audits: false },
  feed_skips_changes: { from: 0, breaks: [0, 1], incidents: ['rewind_transactions'], audits: false },
  callback_trusted: { from: 0, breaks: [0, 1, 17] },
  first_revision_shown: { from: 0, breaks: [17] },
  invoice_epoch_unread: { from: 0, breaks: [17], incidents: ['rewind_transactions'] },
  rounded_down: { from: 0, breaks: [0] },
  hold_unread: { from: 0, breaks: [null] },
  growth_uncounted: { from: 0, breaks: [null] },
  held_growth_counted: { from: 0, breaks: [null] },
  decided_as_first: { from: 0, breaks: [3, 17] },
  oldest_event_read: { from: 0, breaks: [null] },
  operation_unqueued: { from: 0, breaks: [11] },
  change_unqueued: { from: 0, breaks: [11] },
  status_always_success: { from: 0, breaks: [null] },
  observed_version_dropped: { from: 0, breaks: [1] },
  audit_never_runs: { from: 45, breaks: [0, 1, 12], incidents: ['foreign_writer', 'no_cashback_feed'] },
  unknown_source_skipped: { from: 0, breaks: [1], incidents: ['newer_release'] },
  attention_left_out: { from: 0, breaks: [14] },
  balances_unread: { from: 0, breaks: [9], incidents: ['rewind_wallet'] },
  gap_unseen: { from: 0, breaks: [9] },
  adopted_in_flight: { from: 0, breaks: [null, 12], incidents: ['rewind_transactions'] },
  listing_cut_short: { from: 0, breaks: [null, 1, 8, 12], incidents: ['rewind_transactions'] },
  lost_money_unseen: { from: 0, breaks: [12], incidents: ['rewind_trust'] },
  lost_money_unreported: { from: 0, breaks: [1], incidents: ['rewind_trust'] },
  lost_operations_unread: { from: 0, breaks: [1, 8, 12], incidents: ['unlisted_trust'] },
  newest_repeated_first: { from: 0, breaks: [null, 1, 6, 8, 12], incidents: ['unlisted_trust'] },
  new_id_on_repeat: { from: 0, breaks: [7], incidents: ['unlisted_trust'] },
  repeat_completes: { from: 0, breaks: [1, 8, 12], incidents: ['unlisted_trust'] },
  processing_never_audits: { from: 0, breaks: [1], incidents: ['rewind_cashback'] },
  no_answer_is_refusal: { from: 0, breaks: [17] },
  taken_unread: { from: 0, breaks: [1, 12], incidents: ['spent_wallets'] },
  difference_unread: { from: 0, breaks: [6], incidents: ['other_content'] },
  difference_refuses: { from: 0, breaks: [6], incidents: ['other_content'] },
  difference_unreported: { from: 0, breaks: [1], incidents: ['other_content'] },
  policy_unsent: { from: 0, breaks: [null], incidents: ['spent_wallets'] },
  debt_settles: { from: 0, breaks: [1], incidents: ['spent_wallets'] },
  balance_hint_unread: { from: 0, breaks: [1], incidents: ['spent_wallets'] },
  payee_version_unread: { from: 0, breaks: [1], incidents: ['new_payee'] },
  payee_changed_in_flight: { from: 0, breaks: [6], incidents: ['new_payee'] },
  failure_is_processed: { from: 0, breaks: [0, 1] },
  outage_is_of_the_order: { from: 0, breaks: [17], incidents: ['outage'] },
  noted_meanwhile_lost: { from: 1_200, breaks: [0, 1, 17], audits: false },
  heals_uncounted: { from: 0, breaks: [null], incidents: ['lasting_writer'] },
  drift_unwritten: { from: 0, breaks: [null], incidents: ['foreign_writer'] },
  drift_repeated: { from: 0, breaks: [null], incidents: ['other_content'] },
  audit_unplanned: { from: 0, breaks: [null] },
  retry_unqueued: { from: 0, breaks: [11] },
  unlisted_unrecorded: { from: 45, breaks: [1], incidents: ['rewind_cashback'] },
};
const MOST_SEEDS = 2_000;

test.each(PLANTED_BUGS)('a planted %s is found', (bug) => {
  const { from, breaks, incidents = [], audits = true } = CALIBRATION[bug];
  for (let seed = from; seed < from + MOST_SEEDS; seed += 1) {
    const { violation } = simulate(seededChoices(seed), { bug, incidents, audits });
    if (violation === null) continue;
    expect(breaks).toContain(violation.invariant);
    // The bug fails, not the seed.
    expect(simulate(seededChoices(seed), { incidents, audits }).violation).toBeNull();
    return;
  }
  expect.unreachable(`not found in ${MOST_SEEDS} seeds from ${from} on`);
});
