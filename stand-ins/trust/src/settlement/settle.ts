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
  /** By a refund that takes what is there. */
  taken?: Amount;
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
      const { movement, taken } = outcome;
      settlement.ends.push({
        kind,
        id,
        status: 'success',
        reason: null,
        ...(taken !== undefined && { taken }),
      });
      if (movement === null) continue;
      settlement.movements.push(movement);
      const { balance_after, sequence } = movement;
      current.set(wallet_id, { ...wallet, balance: balance_after, sequence });
    }
  }
  return settlement;
}

/** The movement, null when an empty wallet has nothing to take, or why the request fails. */
type Outcome = { movement: Movement | null; taken?: Amount } | { reason: string };

function settleOne(request: DueRequest, wallet: LockedWallet): Outcome {
  const { kind, id, wallet_id, amount } = request;
  if (kind === 'refund' && request.wallet_policy === 'take_what_is_there') {
    const taken = wallet.balance < 0n ? 0n : wallet.balance < amount ? wallet.balance : amount;
    return { movement: taken === 0n ? null : moveMoney(wallet, { kind, amount: taken, cause: id }), taken };
  }
  const movement = moveMoney(wallet, { kind, amount, cause: id });
  if (movement === null) return { reason: 'the balance of the wallet would become too large' };
  if (kind === 'refund' && request.wallet_policy === 'fail' && movement.balance_after < 0n) {
    const holds = `wallet ${wallet_id} holds ${formatAmount(wallet.balance)}`;
    return { reason: `${WALLET_SHORT}: ${holds}, less than the ${formatAmount(amount)} to take back` };
  }
  return { movement };
}
