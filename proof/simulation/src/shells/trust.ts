import { CashbackError, formatAmount } from '@cashback/contract';
import type { Amount } from '@cashback/contract/amount';
import type { Source } from '@cashback/contract/source';
import { type Flow, outside } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { deliver } from './deliver.ts';
import { takeBalance } from './take-balance.ts';

interface Answer {
  status: 'pending' | 'success' | 'failed';
  reason: string | null;
}
type TrustAnswer = Answer | CashbackError;

const LATENCY_MS = [0, 20, 700];
const SLOW_MS = 25_000;

export function* postBasket(
  world: World,
  input: { basket_id: string; order_id: string; wallet_id: string; source: Source; amount: Amount },
): Flow<TrustAnswer> {
  return yield* outside('create a basket', (): TrustAnswer => {
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
  return yield* outside('refund a basket', (): TrustAnswer => {
    const { trust_baskets, trust_refunds } = world.tables;
    const known = trust_refunds.get(input.refund_id);
    if (known !== undefined) return answerOf(known.status);
    const basket = trust_baskets.get(input.basket_id);
    const taken = [...trust_refunds.values()]
      .filter(({ basket_id, status }) => basket_id === input.basket_id && status !== 'failed')
      .reduce((sum, { amount }) => sum + amount, 0n);
    if (basket?.status !== 'success' || basket.amount - taken < input.amount) {
      if (basket !== undefined) trust_refunds.set(input.refund_id, { ...input, status: 'failed' });
      return new CashbackError('REFUND_EXCEEDS_BASKET', `basket ${input.basket_id} holds less`);
    }
    const refund = { ...input, status: 'pending' as const };
    trust_refunds.set(input.refund_id, refund);
    return settleSoon(world, refund, input.refund_id, basket.wallet_id, -input.amount);
  });
}

export function* getBasket({ tables }: World, id: string): Flow<TrustAnswer> {
  return yield* outside('read', () => {
    const basket = tables.trust_baskets.get(id);
    return basket === undefined
      ? new CashbackError('BASKET_NOT_FOUND', `there is no basket ${id}`)
      : answerOf(basket.status);
  });
}

export function* getRefund({ tables }: World, id: string): Flow<TrustAnswer> {
  return yield* outside('read', () => {
    const refund = tables.trust_refunds.get(id);
    return refund === undefined
      ? new CashbackError('REFUND_NOT_FOUND', `there is no refund ${id}`)
      : answerOf(refund.status);
  });
}

/** Trust may refuse the repeat of a request that it has, and still shows under its id what became of it. */
export function refusesRepeat({ engine, tables }: World, id: string): boolean {
  const isKnown = tables.trust_baskets.has(id) || tables.trust_refunds.has(id);
  return isKnown && engine.happens('refuse');
}

function answerOf(status: Answer['status']): Answer {
  return { status, reason: status === 'failed' ? 'refused by the payment system' : null };
}

/** At once, or later. Then the money moves, and billing sends a callback to the wallet. */
function settleSoon(
  world: World,
  request: { status: 'pending' | 'success' | 'failed' },
  id: string,
  walletId: string,
  amount: Amount,
): Answer {
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
