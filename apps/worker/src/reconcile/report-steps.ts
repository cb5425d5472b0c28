import type { Log } from '@cashback/service';
import type { Observed, Decided } from './apply-steps.ts';

/** Logs what became of a group: a line for each order that needs a person, one for all that could not be asked about. */
export function reportSteps(log: Log, group: readonly Observed[], decided: readonly Decided[]): void {
  for (const { order, step } of decided) {
    const { order_id } = order;
    log.debug({ order_id, revision: order.revision, step: step.action }, 'charge decided');
    if (step.action === 'need_attention' && order.attention === null) {
      log.warn({ order_id, reason: step.reason }, 'order needs attention');
    }
  }
  const errors = group.flatMap(({ observation }) =>
    observation.outcome === 'unreachable' && observation.sent ? [observation.error] : [],
  );
  const [first] = errors;
  if (first !== undefined) {
    log.warn(
      { orders: errors.length, code: first.code, error: first.message },
      'invoices could not be retrieved, their orders are looked at again later',
    );
  }
}
