import type { Log } from '@cashback/service';
import type { ChargeOrder } from '@cashback/cashback-db';
import type { OrderStep } from './decide-step.ts';
import type { Observation } from './observe-invoice.ts';

/** Logs a batch: a line for each order that newly needs attention, and one for all that could not be observed. */
export function reportSteps(
  log: Log,
  batch: readonly { observation: Observation }[],
  applied: readonly { order: ChargeOrder; step: OrderStep }[],
): void {
  for (const { order, step } of applied) {
    const { order_id } = order;
    log.debug({ order_id, revision: order.revision, step: step.action }, 'step applied');
    if (step.action === 'need_attention' && order.attention === null) {
      const { code, reason } = step.attention;
      log.warn({ order_id, code, reason }, 'order needs attention');
    }
    if ('reopened' in step && step.reopened) {
      log.warn({ order_id, step: step.action }, 'the invoice of a settled order carries something else');
    }
  }
  const errors = batch.flatMap(({ observation }) =>
    observation.outcome === 'unreachable' && observation.sent ? [observation.error] : [],
  );
  const [first] = errors;
  if (first !== undefined) {
    log.warn(
      { orders: errors.length, code: first.code, error: first.message },
      'invoices could not be retrieved, their orders are polled again later',
    );
  }
}
