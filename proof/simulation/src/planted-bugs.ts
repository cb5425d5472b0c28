/**
 * Mistakes that can be made on purpose, to see that the simulation finds them:
 * - `no_row_lock`: register decides on rows that another register may change before it writes;
 * - `lock_and_read_in_one_statement`: the worker decides under the lock, on events of before it waited for it;
 * - `new_operation_id_on_retry`: an operation whose answer was lost goes out again under another id;
 * - `new_step_id_on_retry`: the same of a step at Trust;
 * - `greater_or_equal_for_greater`: a register of the stored invoice version counts as stale;
 * - `enqueue_after_commit`: the job of a register is a second transaction;
 * - `settle_on_stale_poll`: an invoice at rest settles the order, whichever operation brought it there;
 * - `past_is_present`: an answer counts, however old it is by the operations that have ended since;
 * - `sequence_ignored`: the wallet takes whatever balance comes last;
 * - `push_of_equal_sequence`: a copy of a callback counts as news;
 * - `silence_is_failure`: a step at Trust that was not answered counts as refused.
 */
export const PLANTED_BUGS = [
  'no_row_lock',
  'lock_and_read_in_one_statement',
  'new_operation_id_on_retry',
  'new_step_id_on_retry',
  'greater_or_equal_for_greater',
  'enqueue_after_commit',
  'settle_on_stale_poll',
  'past_is_present',
  'sequence_ignored',
  'push_of_equal_sequence',
  'silence_is_failure',
] as const;
export type PlantedBug = (typeof PLANTED_BUGS)[number];
