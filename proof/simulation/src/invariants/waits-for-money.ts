import type { Amount } from '@cashback/contract/amount';
import { type AmountsBySource, type Source, amountOf, parseAmounts } from '@cashback/contract/source';
import { targetOf } from './target-of.ts';
import type { OrderRow, Tables } from '../tables.ts';
import type { World } from '../world.ts';
import { heldByBasket } from './at-trust.ts';

/** What an order owes by its own row; null: it does not owe. */
export function owedBy({ attention_code, attention_details }: OrderRow): AmountsBySource | null {
  if (attention_code !== 'owed') return null;
  const { owed } = attention_details as { owed: { source: Source; amount: string }[] };
  return parseAmounts(owed);
}

/**
 * Whether an order may stay as it is: it needs attention for a wallet, and no wallet has what is to be taken back. Where
 * refunds fail, one that is short keeps all others from their money, too.
 */
export function waitsForMoney({ tables }: World, order: OrderRow): boolean {
  const { order_id, attention, attention_code } = order;
  if (attention === null) return false;
  const balanceOf = (walletId: string): Amount => tables.trust_wallets.get(walletId)?.balance ?? 0n;
  const taken = [...takenBack(tables, order_id)];
  if (attention_code === 'owed') {
    return taken.length > 0 && taken.every(([walletId]) => balanceOf(walletId) <= 0n);
  }
  if (attention_code !== 'wallet_forbids_negative') return false;
  return taken.some(([walletId, amount]) => balanceOf(walletId) < amount);
}

/**
 * By wallet, what is to be taken back: all that earlier payees got, and what is above the target. A payee that became the
 * payee again is an earlier one, too.
 */
function takenBack(tables: Tables, orderId: string): Map<string, Amount> {
  const target = targetOf(tables.events, orderId);
  const { payee_version = 1 } = tables.invoices.get(orderId) ?? {};
  const taken = new Map<string, Amount>();
  const add = (walletId: string, amount: Amount): void => {
    if (amount > 0n) taken.set(walletId, (taken.get(walletId) ?? 0n) + amount);
  };
  const here = new Map<string, Amount>();
  for (const basket of heldByBasket(tables, orderId)) {
    const { basket_id, wallet_id, source, held } = basket;
    const isElsewhere = (tables.baskets.get(basket_id)?.payee_version ?? payee_version) < payee_version;
    if (isElsewhere) add(wallet_id, held);
    else {
      const before = here.get(source) ?? 0n;
      here.set(source, before + held);
      const above = before + held - amountOf(target, source);
      add(wallet_id, above < held ? above : held);
    }
  }
  return taken;
}
