import type { Charge, ChargeOrder, NewDrift } from '@cashback/cashback-db';
import { type AttentionCode, formatAmounts } from '@cashback/contract';
import type { DriftClass, DriftFinder } from '@cashback/core';
import { storableDetails, storableText } from '@cashback/postgres';
import type { OrderStep } from './decide-step.ts';
import type { Observation } from './observe-invoice.ts';

/** The class of what a settled order needs attention for. An answer that cannot be read, and a source that this release does not know, say nothing about a difference. */
const CLASSES: Partial<Record<AttentionCode, DriftClass>> = {
  observation_missing: 'invoice_missing',
  observation_stale: 'version_behind',
  payee_differs: 'payee_differs',
  status_contradicts: 'status_contradicts',
  sum_contradicts_events: 'sum_contradicts_events',
  moved_by_hand: 'moved_by_hand',
  foreign_writer: 'foreign_writer',
  history_lost: 'history_lost',
  trust_differs: 'trust_differs',
};

/**
 * The differences that a step finds without a known change: a settled order differs from its invoice, or from itself.
 * A lasting cause is written down once. A difference that a lagging replica may show counts only once the order needs
 * attention for it. A payment that is another one at Trust counts for every order.
 */
export function findDrifts(
  { order, target }: Charge,
  step: OrderStep,
  observation: Observation,
  found_by: DriftFinder,
): NewDrift[] {
  const found = classOf(order, step, observation);
  if (found === null) return [];
  if (order.settled_revision !== order.revision && found !== 'trust_differs') return [];
  const { order_id, rewarded } = order;
  const targeted = formatAmounts(target);
  const seen = observation.outcome === 'observed' ? observation.cashback : null;
  const { details, reason } =
    step.action === 'need_attention' && !step.reopened ? step.attention : { details: {}, reason: '' };
  const hasVersions = found === 'unknown_operation';
  return [
    {
      order_id,
      class: found,
      before: {
        target: targeted,
        rewarded,
        ...(hasVersions && { cashback_version: order.cashback_version }),
      },
      after: {
        target: targeted,
        ...(seen && { rewarded: formatAmounts(seen.rewarded) }),
        ...(hasVersions && {
          cashback_version: seen?.version,
          operation_id: seen?.operations[0]?.operation_id,
        }),
        ...storableDetails(details),
        ...(found === 'trust_differs' && { reason: storableText(reason) }),
      },
      found_by,
      healed: step.action !== 'need_attention',
    },
  ];
}

function classOf(order: ChargeOrder, step: OrderStep, observation: Observation): DriftClass | null {
  switch (step.action) {
    case 'settle':
      return isChangedByAnother(order, observation) ? 'unknown_operation' : null;
    case 'send':
    case 'send_again':
      return step.reopened ? 'rewarded_differs' : null;
    case 'need_attention': {
      if (order.attention !== null && order.attention_code === step.attention.code) return null;
      return CLASSES[step.attention.code] ?? null;
    }
    default:
      return null;
  }
}

/** Each end of an operation of ours is observed before its order settles, so a newer version is of something else. */
function isChangedByAnother(order: ChargeOrder, observation: Observation): boolean {
  if (observation.outcome !== 'observed') return false;
  const { epoch, version } = observation.cashback;
  return (epoch ?? order.cashback_epoch) === order.cashback_epoch && version > order.cashback_version;
}
