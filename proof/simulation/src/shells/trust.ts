import { formatAmount } from '@cashback/contract';
import type { Amount } from '@cashback/contract/amount';
import type { Source } from '@cashback/contract/source';
import { type Flow, outside } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { deliver } from './deliver.ts';
import { takeBalance } from './take-balance.ts';

export type TrustAnswer =
  | { status: 'pending' | 'success' | 'missing' }
  | { status: 'failed'; reason: string };

const LATENCY_MS = [0, 20, 700];
const SLOW_MS = 25_000;

export function* postBasket(
  world: World,
  input: { basket_id: string; order_id: string; wallet_id: string; source: Source; amount: Amount },
): Flow<TrustAnswer> {
  return yield* outside('create a basket', () => {
    const known = world.tables.trust_baskets.get(input.basket_id);
    if (known !== undefined) return answerOf(known.status);
    const basket = { ...input, status: 'pending' as const };
    world.tables.trust_baskets.set(input.basket_id, basket);
    return settleSoon(world, basket, input.basket_id, input.wallet_id, input.amount);
  });
}

export function* postRefund(
  world: World,
  input: { refund_id: string; basket_id: string; amount: Amount },
): Flow<TrustAnswer> {
  return yield* outside('refund a basket', () => {
    const { trust_baskets, trust_refunds } = world.tables;
    const known = trust_refunds.get(input.refund_id);
    if (known !== undefined) return answerOf(known.status);
    const basket = trust_baskets.get(input.basket_id);
    const taken = [...trust_refunds.values()]
      .filter(({ basket_id, status }) => basket_id === input.basket_id && status !== 'failed')
      .reduce((sum, { amount }) => sum + amount, 0n);
    if (basket?.status !== 'success' || basket.amount - taken < input.amount) {
      return { status: 'failed', reason: 'REFUND_EXCEEDS_BASKET' } as const;
    }
    const refund = { ...input, status: 'pending' as const };
    trust_refunds.set(input.refund_id, refund);
    return settleSoon(world, refund, input.refund_id, basket.wallet_id, -input.amount);
  });
}

export function* getBasket({ tables }: World, id: string): Flow<TrustAnswer> {
  return yield* outside('read', () => answerOf(tables.trust_baskets.get(id)?.status ?? 'missing'));
}

export function* getRefund({ tables }: World, id: string): Flow<TrustAnswer> {
  return yield* outside('read', () => answerOf(tables.trust_refunds.get(id)?.status ?? 'missing'));
}

function answerOf(status: 'pending' | 'success' | 'failed' | 'missing'): TrustAnswer {
  return status === 'failed' ? { status, reason: 'refused by the payment system' } : { status };
}

/** At once, or later. Then the money moves, and billing sends a callback to the wallet. */
function settleSoon(
  world: World,
  request: { status: 'pending' | 'success' | 'failed' },
  id: string,
  walletId: string,
  amount: Amount,
): TrustAnswer {
  const { engine } = world;
  const settle = (): void => {
    request.status = engine.happens('refuse') ? 'failed' : 'success';
    engine.note(`trust: ${id} over ${formatAmount(amount)}: ${request.status}`);
    if (request.status === 'success') moveMoney(world, walletId, amount);
  };
  const latency_ms = LATENCY_MS[engine.choices.below(LATENCY_MS.length)] ?? 0;
  const wait_ms = engine.happens('slow_trust') ? SLOW_MS : latency_ms;
  if (wait_ms === 0) settle();
  else engine.after(wait_ms, settle);
  return answerOf(request.status);
}

function moveMoney(world: World, walletId: string, amount: Amount): void {
  const wallet = world.tables.trust_wallets.get(walletId) ?? { balance: 0n, sequence: 0 };
  const moved = { balance: wallet.balance + amount, sequence: wallet.sequence + 1 };
  world.tables.trust_wallets.set(walletId, moved);
  const { balance, sequence } = moved;
  const callback = {
    wallet_id: walletId,
    user_id: 'user',
    currency: 'USD',
    balance: balance < 0n ? `-${formatAmount(-balance)}` : formatAmount(balance),
    sequence,
    cause: 'basket',
    occurred_at: new Date(world.engine.now()).toISOString(),
  };
  deliver(world, {
    from: 'trust',
    to: 'wallet',
    what: `balance ${walletId}@${sequence}`,
    handle: () => takeBalance(world, callback),
    for_ever: true,
  });
}
