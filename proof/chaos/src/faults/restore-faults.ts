import type { AppName } from '@cashback/system';
import { LANES, type Fault, type FaultContext, holdUntil } from '../fault.ts';
import { restoreSchemas } from '../restore-schemas.ts';
import { cashback } from './run-command.ts';
import { trustRestored } from './trust-restore-fault.ts';

/** So that there is something to forget. */
const LOST_MS = 2_000;

type Side = 'transactions' | 'server';

interface SideRules {
  apps: readonly AppName[];
  schemas: readonly string[];
  /** Orders whose rows changed at `$1` or later. */
  changed: string;
}

const SIDES: Readonly<Record<Side, SideRules>> = {
  transactions: {
    apps: ['transactions'],
    schemas: ['transactions', 'transactions_jobs'],
    changed: 'SELECT invoice_id AS order_id FROM transactions.invoices WHERE updated_at >= $1',
  },
  server: {
    apps: ['server', 'worker'],
    schemas: ['cashback', 'cashback_jobs'],
    changed: 'SELECT order_id FROM cashback.order_clears WHERE updated_at >= $1',
  },
};

/** One side is put back to a base backup, while the other sides go on. */
export const RESTORE_FAULTS: readonly Fault[] = [
  restored('transactions'),
  restored('server'),
  trustRestored(),
];

function restored(side: Side): Fault {
  const { apps, schemas, changed } = SIDES[side];
  const [lane, ...holds] = LANES;
  return {
    name: `${side} restored from a base backup`,
    lane,
    holds,
    async fire(context) {
      const { backups, postgres, system, restart, interventions } = context;
      const backup = await backups.newest();
      const copied_at = new Date();
      const changesSince = (since: Date): Promise<{ order_id: string }[]> => postgres.query(changed, [since]);
      await holdUntil(async () => (await changesSince(copied_at)).length > 0, LOST_MS, context);
      await Promise.all(apps.map((app) => system.process(app).kill()));
      const changes = (): Promise<{ order_id: string }[]> => changesSince(backup.taken_at);
      const lost = await changes();
      await restoreSchemas(postgres.url(), backup, schemas);
      const kept = await changes();
      await cashback(['epoch', side, '--restored-to', backup.taken_at.toISOString(), '--yes'], {
        DATABASE_URL: postgres.url(),
      });
      // Before the side serves again: its callers must expect that it has forgotten what they know.
      const orders = new Set(lost.map(({ order_id }) => order_id));
      interventions.restores.push({ side, orders });
      await Promise.all(apps.map((app) => restart(app)));
      if (side === 'server') await reconcileSince(backup.taken_at, context);
      backups.renew();
      await context.restate(side, { since: backup.taken_at, orders });
      return lost.length - kept.length;
    },
  };
}

/** Processing calculates and registers again what the server lost. */
async function reconcileSince(since: Date, { system }: FaultContext): Promise<void> {
  const { urls, credentials } = system;
  await cashback(['reconcile', '--since', since.toISOString()], {
    CASHBACK_URL: urls.server,
    CASHBACK_TOKEN: credentials.token('operator>server'),
    PROCESSING_URL: urls.processing,
    PROCESSING_TOKEN: credentials.token('operator>processing'),
  });
}
