import type { Amount } from '@cashback/contract';
import { type LockedWallet, type Movement, moveMoney } from './movements.ts';

/** A basket (`topup`) or a refund that is pending and has waited long enough. */
export interface DueRequest {
  kind: 'topup' | 'refund';
  id: string;
  wallet_id: string;
  amount: Amount;
}

export interface End {
  kind: 'topup' | 'refund';
  id: string;
  status: 'success' | 'failed';
  reason: string | null;
}

export interface Settlement {
  ends: End[];
  /** Per wallet in the order of their sequence. */
  movements: Movement[];
}

/** How each of the requests ends, in their order, and which money moves. `refuses` is asked once for each. */
export function settle(
  due: readonly DueRequest[],
  wallets: readonly LockedWallet[],
  refuses: () => boolean,
): Settlement {
  const current = new Map(wallets.map((wallet) => [wallet.wallet_id, wallet]));
  const settlement: Settlement = { ends: [], movements: [] };
  for (const { kind, id, wallet_id, amount } of due) {
    const wallet = current.get(wallet_id);
    if (wallet === undefined) throw new Error(`wallet ${wallet_id} of ${kind} ${id} is not locked`);
    const movement = refuses() ? 'refused' : moveMoney(wallet, { kind, amount, cause: id });
    if (movement === 'refused') {
      settlement.ends.push({ kind, id, status: 'failed', reason: 'refused by the payment system' });
    } else if (movement === null) {
      const reason = 'the balance of the wallet would become too large';
      settlement.ends.push({ kind, id, status: 'failed', reason });
    } else {
      settlement.ends.push({ kind, id, status: 'success', reason: null });
      settlement.movements.push(movement);
      const { balance_after, sequence } = movement;
      current.set(wallet_id, { ...wallet, balance: balance_after, sequence });
    }
  }
  return settlement;
}
