import { type Amount, formatAmount } from '@cashback/contract/amount';
import { ORDER_PARTS, type OrderPart } from '@cashback/contract/order-parts';
import { SOURCES } from '@cashback/contract/source';
import { partOf } from './part-of.ts';

/** Orders of one service and currency that stand alike, all of one snapshot. */
export interface StandingOrders {
  service: string;
  currency: string;
  needs_attention: boolean;
  attention_code: string | null;
  orders: number;
  oldest_since: Date;
  /** Sum of targets - sum of rewarded by source, also of sources that this release does not know. */
  difference: Readonly<Record<string, Amount>>;
}

interface SummedPart {
  part: OrderPart;
  orders: number;
  oldest_since: Date | null;
  difference: { source: string; amount: string }[];
}

interface SummedService {
  service: string;
  currency: string;
  difference: { source: string; amount: string }[];
  parts: SummedPart[];
}

/** The parts of each service and currency, zeros too, and their sum. Settled orders add nothing. */
export function sumParts(standing: readonly StandingOrders[]): SummedService[] {
  const byService = Map.groupBy(standing, ({ service, currency }) => `${service} ${currency}`);
  return [...byService.keys()].toSorted().map((key) => sumService(byService.get(key) ?? []));
}

function sumService(standing: readonly StandingOrders[]): SummedService {
  const sources = sourcesOf(standing);
  const byPart = Map.groupBy(standing, (orders) => partOf({ is_settled: false, ...orders }));
  const [{ service, currency } = { service: '', currency: '' }] = standing;
  return {
    service,
    currency,
    difference: sumBySource(sources, standing),
    parts: ORDER_PARTS.map((part) => {
      const of = byPart.get(part) ?? [];
      return {
        part,
        orders: of.reduce((sum, { orders }) => sum + orders, 0),
        oldest_since: oldestOf(of),
        difference: sumBySource(sources, of),
      };
    }),
  };
}

function sourcesOf(standing: readonly StandingOrders[]): string[] {
  const present = new Set(standing.flatMap(({ difference }) => Object.keys(difference)));
  for (const source of SOURCES) present.delete(source);
  return [...SOURCES, ...[...present].toSorted()];
}

function sumBySource(
  sources: readonly string[],
  standing: readonly StandingOrders[],
): SummedPart['difference'] {
  return sources.map((source) => {
    const sum = standing.reduce((total, { difference }) => total + (difference[source] ?? 0n), 0n);
    return { source, amount: formatAmount(sum) };
  });
}

function oldestOf(standing: readonly StandingOrders[]): Date | null {
  const times = standing.map(({ oldest_since }) => oldest_since.getTime());
  return times.length === 0 ? null : new Date(Math.min(...times));
}
