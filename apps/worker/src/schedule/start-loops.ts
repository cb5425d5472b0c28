import { type Loop, createLoop } from '@cashback/service';
import type { WorkerContext } from '../context.ts';
import type { Settings } from '../env.ts';
import { auditOrders } from './audit/audit-orders.ts';
import { planMissingAudits } from './audit/plan-audits.ts';
import { type ChangesFollower, followChanges } from './follow/follow-changes.ts';
import { sweepOrders } from './sweep-orders.ts';

/** The loops that make orders due, beside the polls: the sweep, the audits, and the feed of changed cashback. */
export function startLoops(
  context: WorkerContext,
  settings: Settings,
): { loops: Loop[]; follower: ChangesFollower } {
  const follower = followChanges(context, {
    page_size: settings.cashback_feed_page_size,
    absent_ms: settings.cashback_feed_absent_ms,
    lag_bound_ms: settings.cashback_feed_lag_bound_ms,
    restore_window_ms: settings.restore_window_ms,
  });
  const loops = [
    sweeping(context, settings),
    auditing(context, settings),
    following(context, settings, follower),
  ];
  return { loops, follower };
}

function sweeping(context: WorkerContext, settings: Settings): Loop {
  const { log, readiness } = context;
  const sweep = {
    grace_ms: settings.sweep_grace_ms,
    page_size: settings.sweep_page_size,
    job_max_age_ms: settings.sweep_job_max_age_ms,
  };
  return createLoop({
    name: 'sweep',
    log,
    readiness,
    interval_ms: settings.sweep_interval_ms,
    run: async (signal) => {
      const more = await sweepOrders(context, sweep, signal);
      return (await planMissingAudits(context, { page_size: sweep.page_size })) || more;
    },
  });
}

function auditing(context: WorkerContext, settings: Settings): Loop {
  const { log, readiness } = context;
  const page_size = Math.ceil((settings.audit_rate_per_second * settings.audit_interval_ms) / 1_000);
  return createLoop({
    name: 'audit',
    log,
    readiness,
    interval_ms: settings.audit_interval_ms,
    run: () => auditOrders(context, { page_size }),
  });
}

function following({ log, readiness }: WorkerContext, settings: Settings, follower: ChangesFollower): Loop {
  return createLoop({
    name: 'follow',
    log,
    readiness,
    interval_ms: settings.cashback_feed_interval_ms,
    run: (signal) => follower.turn(signal),
  });
}
