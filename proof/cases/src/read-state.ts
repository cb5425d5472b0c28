import { formatAmount, parseAmount, parseAmounts, parseValues } from '@cashback/contract';
import type { FrontDoor } from '@cashback/scenario';
import { type Invoice, invoice, walletBalance } from '@cashback/wire';
import type { Right } from './case.ts';

/** The ids of a case's order. */
export interface OrderIds {
  order_id: string;
  user_id: string;
  wallet_id: string;
}

/**
 * Reads over the APIs what `right` names, and nothing else: a wallet that no case asks about may not exist yet. Where
 * target and rewarded differ, both are in the text.
 */
export async function readState(door: FrontDoor, ids: OrderIds, named: Right): Promise<Right> {
  const shown: Right = {};
  if ('version' in named || 'total' in named) {
    const { version, total } = await readInvoice(door, ids);
    if ('version' in named) shown.version = version;
    if ('total' in named) shown.total = total;
  }
  if ('user' in named) shown.user = await readSource(door, ids, 'user');
  if ('service' in named) shown.service = await readSource(door, ids, 'service');
  if ('wallet' in named) {
    const { balance } = await door.wallet.get(`/wallets/${ids.wallet_id}`, walletBalance);
    shown.wallet = shorten(balance);
  }
  if ('attention' in named) shown.attention = await readAttention(door, ids);
  return shown;
}

export async function readInvoice(
  door: FrontDoor,
  { order_id }: OrderIds,
): Promise<{ version: number; status: Invoice['status']; total: string }> {
  const answer = await door.transactions.post('/v2/invoice/retrieve', { invoice_id: order_id }, invoice);
  return { version: answer.version, status: answer.status, total: totalOf(answer) };
}

export function totalOf({ payments }: Pick<Invoice, 'payments'>): string {
  const items = payments.flatMap((payment) => payment.items);
  return shorten(formatAmount(items.reduce((sum, { amount }) => sum + parseAmount(amount), 0n)));
}

async function readSource(
  door: FrontDoor,
  { order_id }: OrderIds,
  source: 'user' | 'service',
): Promise<string> {
  const order = await door.server.order({ order_id });
  const target = shorten(formatAmount(parseValues(order.target)[source] ?? 0n));
  const rewarded = shorten(formatAmount(parseAmounts(order.rewarded)[source] ?? 0n));
  return target === rewarded ? target : `target ${target}, rewarded ${rewarded}`;
}

/** Whichever app states it; the worker first. */
async function readAttention(door: FrontDoor, { order_id }: OrderIds): Promise<string | null> {
  const { orders } = await door.server.attention.list({ limit: 1_000 });
  const found = orders.filter((entry) => entry.order_id === order_id);
  return found.map(({ code }) => code).find((code) => code !== null) ?? null;
}

/** "5.0000" is "5.00", as the cases write it; more decimals stay. */
function shorten(amount: string): string {
  return amount.replace(/(\.\d\d)00$/, '$1');
}
