import { type Fault, LANES, holdUntil } from '../fault.ts';
import { restoreSchemas } from '../restore-schemas.ts';
import { restateAtTrust } from './restate-at-trust.ts';
import { cashback } from './run-command.ts';

/** So that there is something to forget. */
const LOST_MS = 2_000;

/** Trust is put back to a base backup, while all that ask it go on. It counts the requests that it lacked afterwards. */
export function trustRestored(): Fault {
  const [lane, ...holds] = LANES;
  return {
    name: 'trust restored from a base backup',
    lane,
    holds,
    async fire(context) {
      const { backups, postgres, system, restart, interventions, restate } = context;
      const backup = await backups.newest();
      const copied_at = new Date();
      await holdUntil(
        async () => (await postgres.query(APPLIED_SINCE, [copied_at])).length > 0,
        LOST_MS,
        context,
      );
      await system.process('trust').kill();
      const lost = await postgres.query<{ order_id: string }>(LOST, [backup.taken_at]);
      const refused = await postgres.query(REFUSED);
      // Its settings are those of the faults, no data.
      await restoreSchemas(postgres.url(), backup, ['trust'], { but: ['trust.settings'] });
      await postgres.query(KEEP_WORD, [JSON.stringify(refused)]);
      // As POST /epoch does, before it serves again.
      await postgres.query('UPDATE trust.settings SET epoch = epoch + 1');
      await cashback(['epoch', 'transactions', '--restored-to', backup.taken_at.toISOString(), '--yes'], {
        DATABASE_URL: postgres.url(),
      });
      const orders = new Set(lost.map(({ order_id }) => order_id));
      interventions.restores.push({ side: 'trust', orders });
      await restart('trust');
      const since = backup.taken_at;
      const lacked = await restateAtTrust(context, () => restate('trust', { since, orders }));
      backups.renew();
      return lacked;
    },
  };
}

/** Requests that Trust got and ended since `$1`, and of which transactions knows the end. */
const APPLIED_SINCE = `
  SELECT FROM transactions.operation_steps s JOIN trust.baskets b ON b.basket_id = s.step_id
   WHERE s.kind = 'topup' AND s.status = 'applied' AND b.created_at >= $1 LIMIT 1`;

const LOST = `
  SELECT order_id FROM trust.baskets WHERE created_at >= $1
  UNION
  SELECT order_id FROM trust.refunds r JOIN trust.baskets USING (basket_id) WHERE r.created_at >= $1`;

const REFUSED = `
  SELECT basket_id AS id, reason FROM trust.baskets WHERE status = 'failed'
  UNION ALL
  SELECT refund_id, reason FROM trust.refunds WHERE status = 'failed'`;

/** A request that Trust had refused, and that is pending in the backup, stays refused: the same id means the same end. */
const KEEP_WORD = `
  WITH refused AS (SELECT * FROM jsonb_to_recordset($1) AS r(id text, reason text)), baskets AS (
    UPDATE trust.baskets SET status = 'failed', reason = refused.reason FROM refused WHERE id = basket_id AND status = 'pending')
  UPDATE trust.refunds SET status = 'failed', reason = refused.reason FROM refused WHERE id = refund_id AND status = 'pending'`;
