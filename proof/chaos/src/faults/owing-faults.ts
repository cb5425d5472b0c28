import { setTimeout as sleep } from 'node:timers/promises';
import { HttpCallError } from '@cashback/service';
import { invoice, walletBalance } from '@cashback/wire';
import { type Fault, type FaultContext, HOLD_MS, holdUntil } from '../fault.ts';
import { OWING_SERVICE } from '../testbed-settings.ts';

const CUSTOMERS = 3;
const POLL_MS = 300;
const RATES = [
  { source: 'user' as const, rate: '0.1' },
  { source: 'service' as const, rate: '0.02' },
];
/** The second order earns more than the first, so that the wallet has all that it owes. */
const [FIRST_FARE, SECOND_FARE] = ['50', '200'];

/** Faults of customers: the money that is to be taken back is spent. */
export const OWING_FAULTS: readonly Fault[] = [walletsOwe()];

/**
 * The reward of an order is spent, and then all of the order is refunded: its wallet owes. The reward of a later order
 * fills the wallet, and the debt is collected. It counts the debts that were stated and ended so.
 */
function walletsOwe(): Fault {
  let customers = 0;
  return {
    name: 'wallets that owe: the reward is spent before its order is refunded',
    lane: 'callers',
    async fire(context) {
      const all = Array.from({ length: CUSTOMERS }, () => owe((customers += 1), context));
      const ended = await Promise.all(all);
      return ended.filter((hasEnded) => hasEnded).length;
    },
  };
}

interface OwingOrder {
  order_id: string;
  service: string;
  user_id: string;
  wallet_id: string;
  currency: string;
}

/** Whether the first order of the customer owed, and its debt was collected. */
async function owe(number: number, context: FaultContext): Promise<boolean> {
  const { run } = context;
  const order = (which: 'first' | 'second'): OwingOrder => ({
    order_id: `${run}-${OWING_SERVICE}-${which}-${number}`,
    service: OWING_SERVICE,
    user_id: `${run}-user-${OWING_SERVICE}-${number}`,
    wallet_id: `${run}-wallet-${OWING_SERVICE}-${number}`,
    currency: 'USD',
  });
  const [first, second] = [order('first'), order('second')];
  const isSettled = `settled_revision = revision AND attention IS NULL AND cashback_sum`;
  const version = await clear(first, FIRST_FARE, context);
  await until(first, `${isSettled} > 0`, context);
  await spendAll(first, context);
  await capture(first, version, [], context);
  const owed = await until(first, "attention_code = 'owed'", context);
  await clear(second, SECOND_FARE, context);
  const isCollected = await until(first, `${isSettled} = 0`, context);
  return owed && isCollected;
}

async function clear(order: OwingOrder, fare: string, context: FaultContext): Promise<number> {
  const { order_id, service, ...payee } = order;
  const { door } = context;
  const body = { invoice_id: order_id, service, ...payee, status: 'held', payments: [] };
  const { version } = await door.retryUntilAnswered(() =>
    door.transactions.post('/v2/invoice/create', body, invoice),
  );
  await door.retryUntilAnswered(() => door.server.rates.put({ order_id, service, rates: RATES }));
  return capture(order, version, [{ item_id: 'fare', amount: fare }], context);
}

/** States what is captured now. Resolves with the new version. */
async function capture(
  { order_id }: OwingOrder,
  version: number,
  items: readonly object[],
  { door }: FaultContext,
): Promise<number> {
  const payments = items.length === 0 ? [] : [{ payment_type: 'card', items }];
  const body = { invoice_id: order_id, version, status: 'cleared', payments };
  const answer = await door.retryUntilAnswered(() =>
    door.transactions.post('/v2/invoice/update', body, invoice),
  );
  return answer.version;
}

async function spendAll({ order_id, wallet_id }: OwingOrder, { door }: FaultContext): Promise<void> {
  try {
    const { balance } = await door.retryUntilAnswered(() =>
      door.trust.get(`/wallets/${wallet_id}`, walletBalance),
    );
    const body = { spend_id: `${order_id}-spend`, amount: balance };
    await door.retryUntilAnswered(() => door.trust.post(`/wallets/${wallet_id}/spend`, body, walletBalance));
  } catch (error) {
    // Without a reward in time there is nothing to spend, and the firing counts nothing.
    if (!(error instanceof HttpCallError) || error.outcome !== 'refused') throw error;
  }
}

/** Whether the order came to this state in time. */
async function until({ order_id }: OwingOrder, condition: string, context: FaultContext): Promise<boolean> {
  let isSo = false;
  const read = async (): Promise<boolean> => {
    const rows = await context.postgres.query(
      `SELECT FROM cashback.order_clears WHERE order_id = $1 AND ${condition}`,
      [order_id],
    );
    isSo = rows.length > 0;
    if (!isSo) await sleep(POLL_MS);
    return isSo;
  };
  await holdUntil(read, HOLD_MS / 10, { playMore: () => {} });
  return isSo;
}
