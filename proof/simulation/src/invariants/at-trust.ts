import type { Amount } from '@cashback/contract/amount';
import { type AmountsBySource, amountOf, sourcesOf } from '@cashback/contract/source';
import { takenBy } from '../shells/trust.ts';
import type { Tables, TrustBasketRow } from '../tables.ts';

/** Top-ups less refunds, of those that Trust carried out. */
export function rewardedAtTrust(tables: Tables, orderId: string): AmountsBySource {
  const rewarded: AmountsBySource = {};
  for (const held of heldByWallet(tables, orderId).values()) {
    for (const source of sourcesOf(held)) {
      rewarded[source] = amountOf(rewarded, source) + amountOf(held, source);
    }
  }
  return rewarded;
}

/** The same by wallet. */
export function heldByWallet(tables: Tables, orderId: string): Map<string, AmountsBySource> {
  const byWallet = new Map<string, AmountsBySource>();
  for (const { wallet_id, source, held } of heldByBasket(tables, orderId)) {
    const inWallet = byWallet.get(wallet_id) ?? {};
    inWallet[source] = amountOf(inWallet, source) + held;
    byWallet.set(wallet_id, inWallet);
  }
  return byWallet;
}

/** The same by basket, oldest first. */
export function heldByBasket(tables: Tables, orderId: string): (TrustBasketRow & { held: Amount })[] {
  const baskets = [...tables.trust_baskets.values()];
  return baskets
    .filter(({ order_id, status }) => order_id === orderId && status === 'success')
    .map((basket) => {
      let held = basket.amount;
      for (const refund of tables.trust_refunds.values()) {
        if (refund.basket_id === basket.basket_id && refund.status === 'success') held -= takenBy(refund);
      }
      return { ...basket, held };
    });
}
