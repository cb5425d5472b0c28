import { type Amount, type Source, SOURCES, formatAmount, parseBalance } from '@cashback/contract';
import type { Violation } from './invariants.ts';
import { type RunTables, selectOfRun } from './run-tables.ts';

export type BySource = Record<Source, string>;

/** The run's money by place, as decimal strings. */
export interface Totals {
  target: BySource;
  rewarded: BySource;
  topups: BySource;
  refunds: BySource;
  wallets: string;
  spent: string;
}

const BY_SOURCE = {
  target: `
    SELECT source, sum(value) AS sum
      FROM (SELECT DISTINCT ON (order_id, source) source, value FROM cashback.events
             WHERE order_id LIKE $1 ORDER BY order_id, source, revision DESC) newest GROUP BY source`,
  rewarded: `
    SELECT source, sum(amount - refunded) AS sum FROM transactions.baskets WHERE invoice_id LIKE $1 GROUP BY source`,
  topups: `
    SELECT source, sum(m.amount) AS sum FROM trust.wallet_movements m JOIN trust.baskets b ON b.basket_id = m.cause
     WHERE m.wallet_id LIKE $1 AND m.kind = 'topup' GROUP BY source`,
  refunds: `
    SELECT source, sum(m.amount) AS sum FROM trust.wallet_movements m
      JOIN trust.refunds r ON r.refund_id = m.cause JOIN trust.baskets b USING (basket_id)
     WHERE m.wallet_id LIKE $1 AND m.kind = 'refund' GROUP BY source`,
} as const;

const ONE_SUM = {
  wallets: `SELECT coalesce(sum(balance), 0)::numeric(20,4) AS sum FROM trust.wallets WHERE wallet_id LIKE $1`,
  spent: `SELECT coalesce(sum(amount), 0)::numeric(20,4) AS sum FROM trust.wallet_movements WHERE wallet_id LIKE $1 AND kind = 'spend'`,
} as const;

/** Sums of the run. Top-ups, refunds and spends are read from Trust's ledger, not from the records of other apps. */
export async function readTotals(tables: RunTables): Promise<Totals> {
  const bySource = async (query: string): Promise<BySource> => {
    const rows = await selectOfRun<{ source: Source; sum: string }>(tables, query);
    const sumOf = (source: Source) => rows.find((row) => row.source === source)?.sum ?? '0.0000';
    return { user: sumOf('user'), service: sumOf('service') };
  };
  const oneSum = async (query: string): Promise<string> =>
    (await selectOfRun<{ sum: string }>(tables, query))[0]?.sum ?? '0.0000';
  const [target, rewarded, topups, refunds, wallets, spent] = await Promise.all([
    bySource(BY_SOURCE.target),
    bySource(BY_SOURCE.rewarded),
    bySource(BY_SOURCE.topups),
    bySource(BY_SOURCE.refunds),
    oneSum(ONE_SUM.wallets),
    oneSum(ONE_SUM.spent),
  ]);
  return { target, rewarded, topups, refunds, wallets, spent };
}

/** Invariant 12, to the last ten-thousandth, by source and over all wallets. */
export function checkMoney(totals: Totals): Violation[] {
  const amounts = (sums: BySource) => SOURCES.map((source) => parseBalance(sums[source]));
  const total = (sums: BySource): Amount => amounts(sums).reduce((sum, amount) => sum + amount, 0n);
  const violations = SOURCES.flatMap((source): Violation[] => {
    const rewarded = parseBalance(totals.rewarded[source]);
    const moved = parseBalance(totals.topups[source]) - parseBalance(totals.refunds[source]);
    if (rewarded === moved) return [];
    return [
      {
        invariant: 12,
        order_id: '',
        detail: `${source}: rewarded ${formatAmount(rewarded)}, moved at Trust ${formatAmount(moved)}`,
      },
    ];
  });
  const held = parseBalance(totals.wallets) + parseBalance(totals.spent);
  if (held !== total(totals.rewarded)) {
    const detail = `rewarded ${formatAmount(total(totals.rewarded))}, wallets and spends ${formatAmount(held)}`;
    violations.push({ invariant: 12, order_id: '', detail });
  }
  return violations;
}
