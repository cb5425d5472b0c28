import { type Loop, type Readiness, createLoop } from '@cashback/service';
import { claimChecks } from '../db/claim-checks.ts';
import type { Settings } from '../env.ts';
import { type CheckContext, checkWallet } from './check-wallet.ts';

const LONGEST_PAUSE_MS = 5_000;
const LEASE_SLACK_MS = 60_000;

/**
 * Checks every wallet of the cache against the payment system, longest due first: each `check_interval_ms`, and at once
 * after a gap. A callback that was lost behind its acknowledgement is found so, and a restored payment system too.
 */
export function checkWallets(
  context: CheckContext,
  { readiness, ...settings }: Settings & { readiness: Readiness },
): Loop {
  const { check_concurrency, check_interval_ms, check_timeout_ms, checks_per_second } = settings;
  const limit = Math.min(checks_per_second, 4 * check_concurrency);
  const lease_ms = LEASE_SLACK_MS + Math.ceil(limit / check_concurrency) * check_timeout_ms;
  return createLoop({
    name: 'checks',
    log: context.log,
    readiness,
    // A page of calls, each within its own time.
    turn_bound_ms: lease_ms,
    interval_ms: Math.min(check_interval_ms, LONGEST_PAUSE_MS),
    run: async (signal) => {
      // While it is down, wallets keep their place. Past that time one call probes it.
      if (context.trust.state().retry_after_ms > 0) return false;
      const claimed = await claimChecks(context.database, { limit, lease_ms });
      const ended = await Promise.allSettled(claimed.map((check) => checkWallet(context, check, signal)));
      const failed = ended.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return claimed.length === limit;
    },
  });
}
