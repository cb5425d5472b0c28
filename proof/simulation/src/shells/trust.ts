import { formatAmount } from '@cashback/contract';
import type { Amount } from '@cashback/contract/amount';
import type { Source } from '@cashback/contract/source';
import {
  type BasketsPage,
  type ListedBasket,
  PaymentError,
  type TrustWallet,
  type WalletChangesOutput,
} from '@cashback/wire';
import { type Flow, outside } from '../engine/flow.ts';
import { rowOf } from '../rows.ts';
import type { TrustBasketRow, TrustRefundRow, TrustWalletRow } from '../tables.ts';
import type { World } from '../world.ts';
import { deliver } from './deliver.ts';
import { USER, takeBalance } from './take-balance.ts';

interface Answer {
  status: 'pending' | 'success' | 'failed';
  reason: string | null;
}
type TrustAnswer = Answer | PaymentError;

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
    return settleSoon(world, 'trust_baskets', input.basket_id);
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
      return new PaymentError('REFUND_EXCEEDS_BASKET', `basket ${input.basket_id} holds less`);
    }
    trust_refunds.set(input.refund_id, { ...input, status: 'pending' });
    return settleSoon(world, 'trust_refunds', input.refund_id);
  });
}

export function* getBasket({ tables }: World, id: string): Flow<TrustAnswer> {
  return yield* outside('read', () => {
    const basket = tables.trust_baskets.get(id);
    return basket === undefined
      ? new PaymentError('BASKET_NOT_FOUND', `there is no basket ${id}`)
      : answerOf(basket.status);
  });
}

export function* getRefund({ tables }: World, id: string): Flow<TrustAnswer> {
  return yield* outside('read', () => {
    const refund = tables.trust_refunds.get(id);
    return refund === undefined
      ? new PaymentError('REFUND_NOT_FOUND', `there is no refund ${id}`)
      : answerOf(refund.status);
  });
}

/** `GET /baskets?order_id=`, oldest first. */
export function* listBaskets(
  { tables }: World,
  orderId: string,
  { after, limit }: { after: string | null; limit: number },
): Flow<BasketsPage | PaymentError> {
  return yield* outside('read', () => {
    const ofOrder = [...tables.trust_baskets.values()].filter(({ order_id }) => order_id === orderId);
    const from = ofOrder.findIndex(({ basket_id }) => basket_id === after) + 1;
    const page = ofOrder.slice(from, from + limit);
    const isEnd = from + limit >= ofOrder.length;
    return {
      baskets: page.map((basket) => listed(tables, basket)),
      next: isEnd ? null : (page.at(-1)?.basket_id ?? null),
    };
  });
}

function listed({ trust_refunds }: World['tables'], basket: TrustBasketRow): ListedBasket {
  const { basket_id, amount } = basket;
  const refunds = [...trust_refunds.values()].filter((refund) => refund.basket_id === basket_id);
  const taken = refunds.filter(({ status }) => status !== 'failed');
  return {
    ...basket,
    ...answerOf(basket.status),
    user_id: USER,
    currency: 'USD',
    amount: formatAmount(amount),
    refunded: formatAmount(taken.reduce((sum, refund) => sum + refund.amount, 0n)),
    refunds: refunds.map((refund) => ({
      ...refund,
      ...answerOf(refund.status),
      amount: formatAmount(refund.amount),
      wallet_policy: 'go_negative',
    })),
  };
}

/** Trust may refuse the repeat of a request that it has, and still shows its state under its id. */
export function refusesRepeat({ engine, tables }: World, id: string): boolean {
  const isKnown = tables.trust_baskets.has(id) || tables.trust_refunds.has(id);
  return isKnown && engine.happens('refuse');
}

function answerOf(status: Answer['status']): Answer {
  return { status, reason: status === 'failed' ? 'refused by the payment system' : null };
}

type Requests = 'trust_baskets' | 'trust_refunds';

/** At once, or later. Then the money moves, and billing sends a callback to the wallet. */
function settleSoon(world: World, table: Requests, id: string): Answer {
  const { engine } = world;
  const latency_ms = LATENCY_MS[engine.choices.below(LATENCY_MS.length)] ?? 0;
  const wait_ms = engine.happens('slow_trust') ? SLOW_MS : latency_ms;
  if (wait_ms === 0) settle(world, table, id);
  else engine.after(wait_ms, () => settle(world, table, id));
  return answerOf(rowOf<TrustBasketRow | TrustRefundRow>(world.tables[table], id).status);
}

function settle(world: World, table: Requests, id: string): void {
  const { engine, tables } = world;
  const rows: Map<string, TrustBasketRow | TrustRefundRow> = tables[table];
  const request = rows.get(id);
  if (request?.status !== 'pending') return;
  const status = engine.happens('refuse') ? 'failed' : 'success';
  rows.set(id, { ...request, status });
  engine.note(`trust: ${id} over ${formatAmount(request.amount)}: ${status}`);
  if (status === 'failed') return;
  const amount = 'refund_id' in request ? -request.amount : request.amount;
  const { wallet_id } = rowOf(tables.trust_baskets, request.basket_id);
  moveMoney(world, wallet_id, amount);
}

/** What a restored Trust has begun, it ends. */
export function settlePending(world: World): void {
  for (const table of ['trust_baskets', 'trust_refunds'] as const) {
    for (const [id, { status }] of world.tables[table])
      if (status === 'pending') settleSoon(world, table, id);
  }
}

function moveMoney(world: World, walletId: string, amount: Amount): void {
  const { trust_wallets } = world.tables;
  const { balance, sequence } = trust_wallets.get(walletId) ?? { balance: 0n, sequence: 0 };
  const place = [...trust_wallets.values()].reduce((sum, one) => sum + one.sequence, 1);
  const row = { balance: balance + amount, sequence: sequence + 1, place, moved_at: world.engine.now() };
  trust_wallets.set(walletId, row);
  const { updated_at: occurred_at, ...wallet } = shownWallet(walletId, row);
  deliver(world, {
    from: 'trust',
    to: 'wallet',
    what: `balance ${walletId}@${wallet.sequence}`,
    handle: () => takeBalance(world, { ...wallet, user_id: USER, cause: 'basket', occurred_at }),
    retries_forever: true,
  });
}

/** `GET /wallets?after=`, the oldest change first. */
export function* walletChanges(
  { tables }: World,
  { after, limit }: { after: string | null; limit: number },
): Flow<WalletChangesOutput> {
  return yield* outside('read', () => {
    const page = [...tables.trust_wallets]
      .filter(([, { place }]) => place > Number(after ?? 0))
      .toSorted(([, left], [, right]) => left.place - right.place)
      .slice(0, limit);
    return {
      wallets: page.map(([walletId, row]) => shownWallet(walletId, row)),
      cursor: String(page.at(-1)?.[1].place ?? after ?? 0),
    };
  });
}

function shownWallet(wallet_id: string, { balance, sequence, moved_at }: TrustWalletRow): TrustWallet {
  const updated_at = new Date(moved_at).toISOString();
  return {
    wallet_id,
    user_id: USER,
    currency: 'USD',
    balance: formatAmount(balance),
    sequence,
    updated_at,
  };
}
