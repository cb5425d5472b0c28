import type { ProcessName } from '../engine/flow.ts';
import type { Tables } from '../tables.ts';
import type { World } from '../world.ts';

/** A side with tables of its own, which is restored as a whole. */
export type Owner = 'cashback' | 'processing' | 'transactions' | 'trust' | 'wallet';

const OWNER_OF: Readonly<Record<keyof Tables, Owner>> = {
  orders: 'cashback',
  events: 'cashback',
  operations: 'cashback',
  outcomes: 'cashback',
  drifts: 'cashback',
  breaker_windows: 'cashback',
  cashback_feed: 'cashback',
  changes: 'processing',
  invoice_feed: 'processing',
  invoice_epochs: 'transactions',
  invoices: 'transactions',
  invoice_places: 'transactions',
  cashback_changes: 'transactions',
  invoice_history: 'transactions',
  cashback_operations: 'transactions',
  operation_steps: 'transactions',
  baskets: 'transactions',
  adopted_steps: 'transactions',
  trust_epochs: 'trust',
  trust_baskets: 'trust',
  trust_refunds: 'trust',
  trust_wallets: 'trust',
  other_money: 'trust',
  balances: 'wallet',
  balance_feed: 'wallet',
  pushes: 'wallet',
};

/** How long a restore takes: longer than a message is on its way. */
export const RESTORE_MS = 120_000;

/** The processes that serve an owner's tables. */
export const PROCESSES_OF: Readonly<Record<Owner, readonly ProcessName[]>> = {
  cashback: ['server', 'worker', 'second_worker'],
  processing: ['processing', 'second_processing'],
  transactions: ['transactions'],
  trust: ['trust'],
  wallet: ['wallet'],
};

/** An owner's tables as they were. The counters of their changes go back with them, as in another cluster. */
export type Backup = Partial<Tables> & Partial<Pick<World, 'growth' | 'xacts'>>;

export function backUp({ tables, growth, xacts }: World, owner: Owner): Backup {
  const owned = Object.entries(tables).filter(([name]) => OWNER_OF[name as keyof Tables] === owner);
  const copies = Object.fromEntries(owned.map(([name, table]) => [name, copyOf(table)]));
  if (owner === 'transactions') return { ...copies, xacts };
  if (owner !== 'cashback') return copies;
  const { sendable, windows } = growth;
  return { ...copies, growth: { sendable: new Map(sendable), windows: new Map(windows) } };
}

export function restore(world: World, backup: Backup): void {
  const { growth, xacts, ...tables } = { growth: world.growth, xacts: world.xacts, ...backup };
  world.growth = growth;
  world.xacts = xacts;
  Object.assign(world.tables, tables);
}

/** Rows are replaced, never changed. */
function copyOf(table: object): object {
  if (table instanceof Map) return new Map(table);
  return Array.isArray(table) ? [...table] : { ...table };
}
