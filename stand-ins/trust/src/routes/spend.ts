import { formatAmount, parseAmount } from '@cashback/contract';
import { type SpendInput, type WalletBalance, spendInput } from '@cashback/wire';
import { type Transaction, errorCode, withTransaction } from '@cashback/postgres';
import { type HttpServer, ServiceError, route } from '@cashback/service';
import type { CallbackPlan, Context } from '../context.ts';
import { applyMovements } from '../db/apply-movements.ts';
import { findSpend } from '../db/find-spend.ts';
import { loadSettings } from '../db/settings.ts';
import { loadWalletBalance, lockWallets, walletNotFound } from '../db/wallets.ts';
import { holdBack } from '../random.ts';
import { type LockedWallet, moveMoney } from '../settlement/movements.ts';
import { assertSameBody } from './assert-same-body.ts';
import { idParams, positiveAmount } from './inputs.ts';

const UNIQUE_VIOLATION = '23505';

/** `POST /wallets/:id/spend`: the customer spends at most the balance. A repeat is answered with the balance now. */
export function addSpend(server: HttpServer, context: Context): void {
  route(server, {
    method: 'POST',
    path: '/wallets/:id/spend',
    scope: 'spend',
    params: idParams,
    body: spendInput.extend({ amount: positiveAmount }),
    handler: async ({ params, body }) => {
      const attempt = () =>
        withTransaction(context.database, (tx) => spend(tx, params.id, body, context.callbacks));
      // A concurrent call used the same id for another wallet; the second attempt finds it.
      const balance = await attempt().catch((error: unknown) => {
        if (errorCode(error) === UNIQUE_VIOLATION) return attempt();
        throw error;
      });
      context.wakeCallbacks();
      return balance;
    },
  });
}

async function spend(
  tx: Transaction,
  walletId: string,
  { spend_id, amount }: SpendInput,
  { receivers, hold_back_ms }: CallbackPlan,
): Promise<WalletBalance> {
  const [wallet] = await lockWallets(tx, [walletId]);
  const known = await findSpend(tx.drizzle, spend_id);
  if (known !== undefined) {
    assertSameBody(`spend ${spend_id}`, known, { wallet_id: walletId, amount });
    return loadWalletBalance(tx.drizzle, walletId);
  }
  if (wallet === undefined || wallet.sequence === 0) throw walletNotFound(walletId);
  const movement = moveMoney(wallet, { kind: 'spend', amount: parseAmount(amount), cause: spend_id });
  if (movement === null || movement.balance_after < 0n) throw exceedsBalance(wallet, amount);
  const { reorder_callback_share } = await loadSettings(tx.drizzle);
  await applyMovements(tx, [movement], receivers, () => holdBack(reorder_callback_share, hold_back_ms));
  return loadWalletBalance(tx.drizzle, walletId);
}

function exceedsBalance({ wallet_id, balance }: LockedWallet, amount: string): ServiceError {
  const message = `wallet ${wallet_id} holds ${formatAmount(balance)}, less than the ${amount} to spend`;
  return new ServiceError(message, {
    code: 'SPEND_EXCEEDS_BALANCE',
    http_status: 422,
    retryable: false,
    details: { wallet_id, balance: formatAmount(balance), amount },
  });
}
