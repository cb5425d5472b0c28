import type { Violation } from './invariants.ts';
import { runChecks } from './run-checks.ts';
import type { RunTables } from './run-tables.ts';

/** Invariants 9 and 10: each query returns the rows that contradict it. Trust's ledger has the balance of each sequence. */
export function checkWallets(tables: RunTables): Promise<Violation[]> {
  return runChecks(tables, CHECKS);
}

const CHECKS = [
  {
    invariant: 9,
    query: `
      SELECT w.wallet_id AS order_id, format('Trust: %s at sequence %s, cache: %s at %s', w.balance, w.sequence, b.balance, b.sequence) AS detail
        FROM trust.wallets w LEFT JOIN wallet.balances b USING (wallet_id)
       WHERE w.wallet_id LIKE $1 AND w.sequence > 0 AND (w.sequence, w.balance) IS DISTINCT FROM (b.sequence, b.balance)
      UNION ALL
      SELECT wallet_id, format('sequence %s follows %s in the ledger', sequence, before)
        FROM (SELECT wallet_id, sequence, lag(sequence, 1, 0::bigint) OVER (PARTITION BY wallet_id ORDER BY sequence) AS before
                FROM trust.wallet_movements WHERE wallet_id LIKE $1) m
       WHERE sequence <> before + 1`,
  },
  {
    // A later push with a smaller sequence would mean that a superseded balance was adopted. The ledger is of the newest
    // epoch: a restore of Trust forgets what was pushed before it.
    invariant: 10,
    query: `
      SELECT wallet_id AS order_id, format('sequence %s was adopted and not pushed', b.sequence) AS detail
        FROM wallet.balances b LEFT JOIN wallet.pushes p USING (wallet_id, epoch, sequence)
       WHERE wallet_id LIKE $1 AND p.delivered_at IS NULL
      UNION ALL
      SELECT wallet_id, format('sequence %s pushed as %s, the ledger says %s', sequence, p.balance, m.balance_after)
        FROM wallet.pushes p LEFT JOIN trust.wallet_movements m USING (wallet_id, sequence)
       WHERE wallet_id LIKE $1 AND p.balance IS DISTINCT FROM m.balance_after
         AND p.epoch = (SELECT epoch FROM trust.settings)
      UNION ALL
      SELECT wallet_id, format('sequence %s is %s in the inbox, and has %s push records', sequence, outcome, pushes)
        FROM (SELECT i.wallet_id, i.sequence, CASE WHEN bool_or(i.outcome = 'adopted') THEN 'adopted' ELSE 'superseded' END AS outcome,
                     count(DISTINCT p.sequence) AS pushes
                FROM wallet.callback_inbox i LEFT JOIN wallet.pushes p
                  ON p.wallet_id = i.wallet_id AND p.epoch = i.epoch AND p.sequence = i.sequence AND p.origin = 'callback'
               WHERE i.wallet_id LIKE $1 GROUP BY i.wallet_id, i.epoch, i.sequence) s
       WHERE (outcome = 'adopted') <> (pushes = 1)
      UNION ALL
      SELECT wallet_id, format('sequence %s was adopted and not delivered', sequence)
        FROM wallet.pushes WHERE wallet_id LIKE $1 AND delivered_at IS NULL`,
  },
] as const;
