import { type Transaction, statement } from '@cashback/postgres';

/** The input of the decision about a change of payee. */
export interface StoredPayee {
  user_id: string;
  wallet_id: string;
  revision: number;
}

const loadPayeeStatement = statement<StoredPayee>({
  name: 'cashback.load-payee',
  text: 'SELECT user_id, wallet_id, revision FROM cashback.order_clears WHERE order_id = $1',
  columns: { user_id: 'text', wallet_id: 'text', revision: 'int4' },
});

const insertPayeeChangeStatement = statement({
  name: 'cashback.insert-payee-change',
  text: `
  INSERT INTO cashback.payee_changes
    (order_id, revision, from_user_id, from_wallet_id, to_user_id, to_wallet_id, caller, reason)
  SELECT order_id, revision + 1, user_id, wallet_id, $2, $3, $4, $5 FROM cashback.order_clears WHERE order_id = $1`,
  columns: {},
});

// A hold stays: it is of the newest revision.
const changePayeeStatement = statement({
  name: 'cashback.change-payee',
  text: `
  UPDATE cashback.order_clears SET
    user_id = $2,
    wallet_id = $3,
    held_revision = CASE WHEN held_revision = revision THEN revision + 1 ELSE held_revision END,
    revision = revision + 1,
    attention = NULL,
    attention_code = NULL,
    attention_since = NULL,
    attention_details = NULL,
    waited_ms = 0,
    heals = 0,
    healed_since = NULL,
    answered_at = NULL,
    unsettled_since = now(),
    next_charge_at = now(),
    updated_at = now()
  WHERE order_id = $1`,
  columns: {},
});

/** Null for an order that was never registered. Lock it with a statement before this one. */
export async function loadPayee(tx: Transaction, orderId: string): Promise<StoredPayee | null> {
  const [stored] = await loadPayeeStatement.rows(tx.client, [orderId]);
  return stored ?? null;
}

/** Changes the payee of an order whose lock the transaction holds, as a new revision, and records the change. */
export async function changePayee(
  tx: Transaction,
  orderId: string,
  to: { user_id: string; wallet_id: string },
  { caller, reason }: { caller: string; reason: string },
): Promise<void> {
  const payee = [orderId, to.user_id, to.wallet_id];
  await insertPayeeChangeStatement.run(tx.client, [...payee, caller, reason]);
  await changePayeeStatement.run(tx.client, payee);
}
