import { randomUUID } from 'node:crypto';
import { formatAmount } from '@cashback/contract';
import { type Transaction, statement } from '@cashback/postgres';
import type { Movement } from '../settlement/movements.ts';
import { loadEpoch } from './epoch.ts';
import { insertCallbacks } from './callbacks.ts';
import type { Receiver } from './tables.ts';

/**
 * Writes the movements of locked wallets: the ledger, the balances, and for each movement a callback
 * to each receiver. `holdBackMs` gives the delay of each callback.
 */
export async function applyMovements(
  tx: Transaction,
  movements: readonly Movement[],
  receivers: readonly Receiver[],
  holdBackMs: () => number,
): Promise<void> {
  if (movements.length === 0) return;
  const now = new Date();
  const epoch = await loadEpoch(tx.drizzle);
  await insertMovements(tx, movements, now);
  await updateBalances(tx, movements, now);
  await insertCallbacks(
    tx,
    movements.flatMap(({ wallet_id, user_id, currency, sequence, cause, balance_after }) =>
      receivers.map((receiver) => ({
        callback_id: randomUUID(),
        payload: {
          wallet_id,
          user_id,
          currency,
          balance: formatAmount(balance_after),
          epoch,
          sequence,
          cause,
          occurred_at: now.toISOString(),
        },
        receiver,
        hold_back_ms: holdBackMs(),
      })),
    ),
  );
}

const insertMovementsStatement = statement({
  name: 'trust.insert-movements',
  text: `
  INSERT INTO trust.wallet_movements (wallet_id, sequence, kind, amount, cause, balance_after, created_at)
  SELECT wallet_id, sequence, kind, amount, cause, balance_after, $1
  FROM unnest($2::text[], $3::bigint[], $4::text[], $5::numeric[], $6::text[], $7::numeric[])
    AS movement (wallet_id, sequence, kind, amount, cause, balance_after)`,
  columns: {},
});

async function insertMovements(
  { client }: Transaction,
  movements: readonly Movement[],
  now: Date,
): Promise<void> {
  await insertMovementsStatement.run(client, [
    now,
    movements.map(({ wallet_id }) => wallet_id),
    movements.map(({ sequence }) => sequence),
    movements.map(({ kind }) => kind),
    movements.map(({ amount }) => formatAmount(amount)),
    movements.map(({ cause }) => cause),
    movements.map(({ balance_after }) => formatAmount(balance_after)),
  ]);
}

const updateBalancesStatement = statement({
  name: 'trust.update-balances',
  text: `
  UPDATE trust.wallets
  SET balance = moved.balance, sequence = moved.sequence, updated_at = $1,
    xact_id = pg_current_xact_id(), change_id = nextval('trust.wallets_change_id_seq')
  FROM unnest($2::text[], $3::numeric[], $4::bigint[]) AS moved (wallet_id, balance, sequence)
  WHERE wallets.wallet_id = moved.wallet_id`,
  columns: {},
});

async function updateBalances(
  { client }: Transaction,
  movements: readonly Movement[],
  now: Date,
): Promise<void> {
  const newest = [...new Map(movements.map((movement) => [movement.wallet_id, movement])).values()];
  await updateBalancesStatement.run(client, [
    now,
    newest.map(({ wallet_id }) => wallet_id),
    newest.map(({ balance_after }) => formatAmount(balance_after)),
    newest.map(({ sequence }) => sequence),
  ]);
}
