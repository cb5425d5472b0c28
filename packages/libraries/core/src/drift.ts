/**
 * The class of a difference that no known change explains. The list grows: a reader shows a class that it does not know as it is.
 *
 * - `rewarded_differs`: the invoice of a settled order carries something else than its target;
 * - `target_differs`: the order carries another target than its own inputs give;
 * - `version_behind`: the order, or its invoice, is older than what was seen before, or the order is gone;
 * - `payee_differs`: the invoice belongs to another user, wallet or currency;
 * - `invoice_missing`: `transactions` does not know the invoice of a settled order;
 * - `status_contradicts`: the invoice's status and its newest operation's contradict each other;
 * - `sum_contradicts_events`: the stored sum of a target is not that of the newest events;
 * - `unknown_operation`: none of our operations made the newest change of an invoice, which carries the target all the same;
 * - `moved_by_hand`: the invoice carries a reward that its newest operation did not ask for;
 * - `history_lost`: `transactions` cannot distinguish the operations that it lost;
 * - `settings_differ`: the settings have changed since the order began, which is never applied to it;
 * - `foreign_writer`: something else changed the invoice again, after it was brought back as often as a day allows;
 * - `trust_differs`: the payment system shows another basket or refund than was asked for.
 */
export type DriftClass =
  | 'rewarded_differs'
  | 'target_differs'
  | 'version_behind'
  | 'payee_differs'
  | 'invoice_missing'
  | 'status_contradicts'
  | 'sum_contradicts_events'
  | 'unknown_operation'
  | 'moved_by_hand'
  | 'history_lost'
  | 'settings_differ'
  | 'foreign_writer'
  | 'trust_differs';

/**
 * The trigger of the run that found a difference:
 *
 * - `job`: a register, also an unchanged one; `callback`: a hint of the other side; `poll`: its own time; `feed`: a change in
 *   a feed; `audit`: the time since it settled; `reconcile`: a request to compare; `resume`: a person
 *   resumed it; `sweep`: it was found without a time or job; `balance`: billing says that its wallet has money.
 */
export type DriftFinder =
  | 'job'
  | 'callback'
  | 'poll'
  | 'feed'
  | 'audit'
  | 'reconcile'
  | 'resume'
  | 'sweep'
  | 'balance';
