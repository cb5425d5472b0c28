import { formatAmounts, equalAmounts, parseAmounts, parseValues } from '@cashback/contract';
import { invoice, walletBalance } from '@cashback/wire';
import { type Violation, type RunTables, selectOfRun } from '@cashback/invariants';
import type { FrontDoor } from './play/front-door.ts';
import PQueue from 'p-queue';

const CONCURRENCY = 50;

/** Callers see what the tables say: at rest the APIs of server, transactions, trust and wallet agree. */
export async function checkFrontDoor(tables: RunTables, door: FrontDoor): Promise<Violation[]> {
  const orders = await selectOfRun<{ order_id: string }>(
    tables,
    'SELECT order_id FROM cashback.order_clears WHERE order_id LIKE $1',
  );
  const wallets = await selectOfRun<{ wallet_id: string }>(
    tables,
    'SELECT wallet_id FROM trust.wallets WHERE wallet_id LIKE $1 AND sequence > 0',
  );
  const queue = new PQueue({ concurrency: CONCURRENCY });
  const found = await queue.addAll([
    ...orders.map(
      ({ order_id }) =>
        () =>
          checkOrder(order_id, door),
    ),
    ...wallets.map(
      ({ wallet_id }) =>
        () =>
          checkWallet(wallet_id, door),
    ),
  ]);
  return found.flat();
}

async function checkOrder(order_id: string, door: FrontDoor): Promise<Violation[]> {
  const [order, { cashback }] = await Promise.all([
    door.retryUntilAnswered(() => door.server.order({ order_id })),
    door.retryUntilAnswered(() =>
      door.transactions.post('/v2/invoice/retrieve', { invoice_id: order_id }, invoice),
    ),
  ]);
  const rewarded = parseAmounts(cashback.rewarded);
  const seen = JSON.stringify(formatAmounts(rewarded));
  if (order.state !== 'settled') return [{ invariant: 11, order_id, detail: `its state is ${order.state}` }];
  if (!equalAmounts(parseValues(order.target), rewarded)) {
    return [
      { invariant: 1, order_id, detail: `the server's target differs from the invoice's rewarded ${seen}` },
    ];
  }
  if (!equalAmounts(parseAmounts(order.rewarded), rewarded)) {
    return [{ invariant: 1, order_id, detail: `the server's rewarded differs from the invoice's ${seen}` }];
  }
  return [];
}

async function checkWallet(wallet_id: string, door: FrontDoor): Promise<Violation[]> {
  const [truth, cache] = await Promise.all([
    door.retryUntilAnswered(() => door.trust.get(`/wallets/${wallet_id}`, walletBalance)),
    door.retryUntilAnswered(() => door.wallet.get(`/wallets/${wallet_id}`, walletBalance)),
  ]);
  if (truth.balance === cache.balance && truth.sequence === cache.sequence) return [];
  const detail = `Trust ${truth.balance} at ${truth.sequence}, wallet ${cache.balance} at ${cache.sequence}`;
  return [{ invariant: 9, order_id: wallet_id, detail }];
}
