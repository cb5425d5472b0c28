import { type Amount, formatAmount } from '@cashback/contract';
import { WALLET_SHORT, type WalletPolicy } from '@cashback/wire';
import { type LockedWallet, type Movement, moveMoney } from './movements.ts';

/** A pending basket (`topup`) or refund whose latency has passed. */
export type DueRequest = { id: string; wallet_id: string; amount: Amount } & (
  | { kind: 'topup' }
  | { kind: 'refund'; wallet_policy: WalletPolicy }
);

export interface RequestEnd {
  kind: 'topup' | 'refund';
  id: string;
  status: 'success' | 'failed';
  reason: string | null;
}

export interface Settlement {
  ends: RequestEnd[];
  /** Of each wallet in the order of its sequence. */
  movements: Movement[];
}

/** Decides in their order how the requests end and which money moves. `refuses` is called once for each. */
export function settle(
  due: readonly DueRequest[],
  wallets: readonly LockedWallet[],
  refuses: () => boolean,
): Settlement {
  const current = new Map(wallets.map((wallet) => [wallet.wallet_id, wallet]));
  const settlement: Settlement = { ends: [], movements: [] };
  for (const request of due) {
    const { kind, id, wallet_id } = request;
    const wallet = current.get(wallet_id);
    if (wallet === undefined) throw new Error(`wallet ${wallet_id} of ${kind} ${id} is not locked`);
    const outcome = refuses() ? { reason: 'refused by the payment system' } : settleOne(request, wallet);
    if ('reason' in outcome) {
      settlement.ends.push({ kind, id, status: 'failed', reason: outcome.reason });
    } else {
      settlement.ends.push({ kind, id, status: 'success', reason: null });
      settlement.movements.push(outcome.movement);
      const { balance_after, sequence } = outcome.movement;
      current.set(wallet_id, { ...wallet, balance: balance_after, sequence });
    }
  }
  return settlement;
}

/** The movement, or why there is none. */
function settleOne(request: DueRequest, wallet: LockedWallet): { movement: Movement } | { reason: string } {
  const { kind, id, wallet_id, amount } = request;
  const movement = moveMoney(wallet, { kind, amount, cause: id });
  if (movement === null) return { reason: 'the balance of the wallet would become too large' };
  if (kind === 'refund' && request.wallet_policy === 'fail' && movement.balance_after < 0n) {
    const holds = `wallet ${wallet_id} holds ${formatAmount(wallet.balance)}`;
    return { reason: `${WALLET_SHORT}: ${holds}, less than the ${formatAmount(amount)} to take back` };
  }
  return { movement };
}
