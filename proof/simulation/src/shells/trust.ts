import { CashbackError, formatAmount } from '@cashback/contract';
import type { Amount } from '@cashback/contract/amount';
import type { Source } from '@cashback/contract/source';
import {
  type Basket,
  type BasketsPage,
  type ListedBasket,
  PaymentError,
  type Refund,
  type TrustWallet,
  WALLET_SHORT,
  type WalletChangesOutput,
  type WalletPolicy,
} from '@cashback/wire';
import { type Flow, outside } from '../engine/flow.ts';
import { rowOf, updateRow } from '../rows.ts';
import { type TrustBasketRow, type TrustRefundRow, type TrustWalletRow, newestEpoch } from '../tables.ts';
import type { World } from '../world.ts';
import { deliver } from './deliver.ts';
import { USER, takeBalance } from './take-balance.ts';
import { takeBalanceHint } from './take-balance-hint.ts';

type Answer = Pick<Basket, 'status' | 'reason'> & Pick<Refund, 'taken'>;
type BasketAnswer = Basket | PaymentError;
type RefundAnswer = Refund | PaymentError;

interface RefundRequest {
  refund_id: string;
  basket_id: string;
  amount: Amount;
  wallet_policy?: WalletPolicy | undefined;
}

const LATENCY_MS = [0, 20, 700];
const SLOW_MS = 25_000;
/** Of the requests to a Trust that keeps other content. */
const OTHER_ONE_OF = 3;

export function* postBasket(
  world: World,
  input: {
    basket_id: string;
    order_id: string;
    wallet_id: string;
    user_id?: string;
    source: Source;
    amount: Amount;
  },
): Flow<BasketAnswer> {
  return yield* outside('create a basket', (): BasketAnswer => {
    const { basket_id, order_id, wallet_id, user_id = USER, source } = input;
    const { trust_baskets } = world.tables;
    if (!trust_baskets.has(basket_id)) {
      const amount = keptOf(world, basket_id, input.amount);
      trust_baskets.set(basket_id, {
        basket_id,
        order_id,
        wallet_id,
        user_id,
        source,
        amount,
        status: 'pending',
      });
      settleSoon(world, 'trust_baskets', basket_id);
    }
    return shownBasket(world.tables, rowOf(trust_baskets, basket_id));
  });
}

export function* postRefund(
  world: World,
  { wallet_policy = 'go_negative', ...input }: RefundRequest,
): Flow<RefundAnswer> {
  return yield* outside('refund a basket', (): RefundAnswer => {
    const { trust_baskets, trust_refunds } = world.tables;
    const known = trust_refunds.get(input.refund_id);
    if (known !== undefined) return shownRefund(known);
    const basket = trust_baskets.get(input.basket_id);
    const taken = [...trust_refunds.values()]
      .filter(({ basket_id, status }) => basket_id === input.basket_id && status !== 'failed')
      .reduce((sum, refund) => sum + takenBy(refund), 0n);
    const amount = keptOf(world, input.refund_id, input.amount);
    const refund = { ...input, amount, wallet_policy, taken: null, reason: null };
    if (basket?.status !== 'success' || basket.amount - taken < input.amount) {
      if (basket !== undefined) trust_refunds.set(input.refund_id, { ...refund, status: 'failed' });
      return new PaymentError('REFUND_EXCEEDS_BASKET', `basket ${input.basket_id} holds less`);
    }
    trust_refunds.set(input.refund_id, { ...refund, status: 'pending' });
    settleSoon(world, 'trust_refunds', input.refund_id);
    return shownRefund(rowOf(trust_refunds, input.refund_id));
  });
}

export function* getBasket({ tables }: World, id: string): Flow<BasketAnswer> {
  return yield* outside('read', () => {
    const basket = tables.trust_baskets.get(id);
    return basket === undefined
      ? new PaymentError('BASKET_NOT_FOUND', `there is no basket ${id}`)
      : shownBasket(tables, basket);
  });
}

export function* getRefund({ tables }: World, id: string): Flow<RefundAnswer> {
  return yield* outside('read', () => {
    const refund = tables.trust_refunds.get(id);
    return refund === undefined
      ? new PaymentError('REFUND_NOT_FOUND', `there is no refund ${id}`)
      : shownRefund(refund);
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

function listed(tables: World['tables'], basket: TrustBasketRow): ListedBasket {
  const refunds = [...tables.trust_refunds.values()].filter(
    ({ basket_id }) => basket_id === basket.basket_id,
  );
  return { ...shownBasket(tables, basket), refunds: refunds.map(shownRefund) };
}

function shownBasket({ trust_refunds }: World['tables'], basket: TrustBasketRow): Basket {
  const { basket_id, order_id, wallet_id, user_id, source, amount } = basket;
  const taken = [...trust_refunds.values()].filter(
    (refund) => refund.basket_id === basket_id && refund.status !== 'failed',
  );
  return {
    basket_id,
    order_id,
    wallet_id,
    user_id,
    source,
    ...answerOf(basket),
    currency: 'USD',
    amount: formatAmount(amount),
    refunded: formatAmount(taken.reduce((sum, refund) => sum + takenBy(refund), 0n)),
  };
}

function shownRefund(refund: TrustRefundRow): Refund {
  return {
    ...refund,
    ...answerOf(refund),
    amount: formatAmount(refund.amount),
    taken: refund.taken === null ? null : formatAmount(refund.taken),
  };
}

/** Trust may refuse the repeat of a request that it has, and still shows its state under its id. */
export function refusesRepeat({ engine, tables }: World, id: string): boolean {
  const isKnown = tables.trust_baskets.has(id) || tables.trust_refunds.has(id);
  return isKnown && engine.happens('refuse');
}

function answerOf(row: TrustBasketRow | TrustRefundRow): Answer {
  const { status } = row;
  const refund = 'refund_id' in row ? row : { reason: null, taken: null };
  const reason = status === 'failed' ? (refund.reason ?? 'refused by the payment system') : null;
  return { status, reason, ...(refund.taken !== null && { taken: formatAmount(refund.taken) }) };
}

/** What a refund took, or may take while it is pending. */
export function takenBy({ amount, taken }: Pick<TrustRefundRow, 'amount' | 'taken'>): Amount {
  return taken ?? amount;
}

type Requests = 'trust_baskets' | 'trust_refunds';

/** At once, or later. Then the money moves, and billing sends a callback to the wallet. */
function settleSoon(world: World, table: Requests, id: string): void {
  const { engine } = world;
  const latency_ms = LATENCY_MS[engine.choices.below(LATENCY_MS.length)] ?? 0;
  const wait_ms = engine.happens('slow_trust') ? SLOW_MS : latency_ms;
  if (wait_ms === 0) settle(world, table, id);
  else engine.after(wait_ms, () => settle(world, table, id));
}

function settle(world: World, table: Requests, id: string): void {
  const { engine, tables } = world;
  const rows: Map<string, TrustBasketRow | TrustRefundRow> = tables[table];
  const request = rows.get(id);
  if (request?.status !== 'pending') return;
  const { wallet_id } = rowOf(tables.trust_baskets, request.basket_id);
  const balance = tables.trust_wallets.get(wallet_id)?.balance ?? 0n;
  const ended = world.trust_ends.get(id) ?? endOf(world, request, balance);
  rows.set(id, ended);
  engine.note(`trust: ${id} over ${formatAmount(request.amount)}: ${ended.status}`);
  if (ended.status === 'failed') return;
  const amount = 'refund_id' in ended ? -takenBy(ended) : ended.amount;
  if (amount !== 0n) moveMoney(world, wallet_id, amount);
}

function endOf<Row extends TrustBasketRow | TrustRefundRow>(
  { engine }: World,
  row: Row,
  balance: Amount,
): Row {
  return engine.happens('refuse') ? { ...row, status: 'failed' } : carriedOut(row, balance);
}

/** A request at the moment when its money would move. */
function carriedOut<Row extends TrustBasketRow | TrustRefundRow>(row: Row, balance: Amount): Row {
  const success = { ...row, status: 'success' as const };
  if (!('refund_id' in row) || row.wallet_policy === 'go_negative' || balance >= row.amount) return success;
  if (row.wallet_policy === 'take_what_is_there') return { ...success, taken: balance < 0n ? 0n : balance };
  return { ...row, status: 'failed', reason: `${WALLET_SHORT}: the wallet holds ${formatAmount(balance)}` };
}

/** What a restored Trust has begun, it ends. */
export function settlePending(world: World): void {
  for (const table of ['trust_baskets', 'trust_refunds'] as const) {
    for (const [id, { status }] of world.tables[table])
      if (status === 'pending') settleSoon(world, table, id);
  }
}

/** Money that is no cashback is paid in, or spent as an amount below zero. */
export function moveOtherMoney(world: World, walletId: string, amount: Amount): void {
  world.tables.other_money.push(amount);
  world.engine.note(`trust: ${walletId} ${amount < 0n ? 'is spent' : 'gets money from elsewhere'}`);
  moveMoney(world, walletId, amount);
}

/** What Trust keeps of an amount that was asked for. */
function keptOf(world: World, id: string, asked: Amount): Amount {
  const { engine, other_content } = world;
  if (!world.keeps_other_content || asked === 0n || engine.choices.below(OTHER_ONE_OF) !== 0) return asked;
  const kept = asked / 2n;
  other_content.set(id, asked);
  engine.note(`trust: ${id} keeps ${formatAmount(kept)} of ${formatAmount(asked)}`);
  return kept;
}

/** A person corrects at Trust what it kept of a request: its content is what was asked for, and so is the money. */
export function* correctContent(world: World, id: string): Flow<void> {
  const { tables, other_content } = world;
  yield* outside(`correct ${id} at Trust`, () => {
    const asked = other_content.get(id);
    const refund = tables.trust_refunds.get(id);
    const row = refund ?? tables.trust_baskets.get(id);
    if (asked === undefined || row === undefined) return;
    other_content.delete(id);
    const missing = asked - row.amount;
    if (refund === undefined) updateRow(tables.trust_baskets, id, { amount: asked });
    else updateRow(tables.trust_refunds, id, { amount: asked });
    const { wallet_id } = rowOf(tables.trust_baskets, row.basket_id);
    if (row.status === 'success') moveMoney(world, wallet_id, refund === undefined ? missing : -missing);
  });
}

function moveMoney(world: World, walletId: string, amount: Amount): void {
  const { trust_wallets } = world.tables;
  const { balance, sequence } = trust_wallets.get(walletId) ?? { balance: 0n, sequence: 0 };
  const place = [...trust_wallets.values()].reduce((sum, one) => sum + one.sequence, 1);
  const row = { balance: balance + amount, sequence: sequence + 1, place, moved_at: world.engine.now() };
  trust_wallets.set(walletId, row);
  const { updated_at: occurred_at, ...wallet } = shownWallet(walletId, row);
  const epoch = newestEpoch(world.tables.trust_epochs);
  deliver(world, {
    from: 'trust',
    to: 'wallet',
    what: `balance ${walletId}@${wallet.sequence}`,
    handle: () => takeBalance(world, { ...wallet, epoch, user_id: USER, cause: 'basket', occurred_at }),
    retries_forever: true,
  });
  if (Object.keys(world.wallet_policies).length === 0) return;
  deliver(world, {
    from: 'trust',
    to: 'worker',
    what: `balance ${walletId}@${wallet.sequence}`,
    handle: () => takeBalanceHint(world, wallet),
    retries_forever: true,
  });
}

/** `GET /wallets?after=`, the oldest change first. */
export function* walletChanges(
  { tables }: World,
  { after, limit }: { after: string | null; limit: number },
): Flow<WalletChangesOutput | CashbackError> {
  return yield* outside('read', () => {
    const epoch = newestEpoch(tables.trust_epochs);
    const [from, of] = after === null ? [0, epoch] : after.split(' ').map(Number);
    if (of !== epoch) return new CashbackError('CURSOR_INVALID', `the cursor is of epoch ${of}`);
    const page = [...tables.trust_wallets]
      .filter(([, { place }]) => place > (from ?? 0))
      .toSorted(([, left], [, right]) => left.place - right.place)
      .slice(0, limit);
    return {
      wallets: page.map(([walletId, row]) => ({ ...shownWallet(walletId, row), epoch })),
      cursor: `${page.at(-1)?.[1].place ?? from} ${epoch}`,
      epoch,
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
