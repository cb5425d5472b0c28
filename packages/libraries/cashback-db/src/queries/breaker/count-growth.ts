import { type Amount, formatAmount } from '@cashback/contract/amount';
import { type Transaction, statement } from '@cashback/postgres';

/** The growth of one service and currency that a transaction adds to the window of now. */
export interface AddedGrowth {
  service: string;
  currency: string;
  window_s: number;
  growth: Amount;
}

export interface GrownWindow {
  service: string;
  currency: string;
  window_start: Date;
  /** With what was added. */
  growth: Amount;
}

// A transaction that began before another one opened a new window counts in that one. A window that lies further ahead
// was opened by a clock that was wrong.
const isSame = `stored.window_s = excluded.window_s AND stored.window_start >= excluded.window_start
    AND stored.window_start <= excluded.window_start + excluded.window_s * interval '1 second'`;

const countGrowthStatement = statement<Omit<GrownWindow, 'growth'> & { growth: string }>({
  name: 'cashback.count-growth',
  text: `
  INSERT INTO cashback.breaker_windows AS stored (service, currency, window_s, window_start, growth)
  SELECT service, currency, window_s, to_timestamp(floor(extract(epoch FROM now()) / window_s) * window_s), growth
  FROM unnest($1::text[], $2::text[], $3::integer[], $4::numeric[]) AS input (service, currency, window_s, growth)
  ORDER BY service COLLATE "C", currency COLLATE "C"
  ON CONFLICT (service, currency) DO UPDATE SET
    window_s = excluded.window_s,
    window_start = CASE WHEN ${isSame} THEN stored.window_start ELSE excluded.window_start END,
    growth = CASE WHEN ${isSame} THEN stored.growth ELSE 0 END + excluded.growth
  RETURNING service, currency, window_start, trim_scale(growth * 10000)::text AS growth`,
  columns: { service: 'text', currency: 'text', window_start: 'timestamptz', growth: 'text' },
});

const discountGrowthStatement = statement({
  name: 'cashback.discount-growth',
  text: `
  UPDATE cashback.breaker_windows AS stored SET growth = stored.growth - input.growth
  FROM unnest($1::text[], $2::text[], $3::numeric[]) AS input (service, currency, growth)
  WHERE stored.service = input.service AND stored.currency = input.currency`,
  columns: {},
});

/**
 * Adds to each window, and locks it until the transaction ends: another transaction of the service waits here. Pairs of
 * service and currency must be distinct. A transaction that locks orders, too, must do so before.
 */
export async function countGrowth(tx: Transaction, added: readonly AddedGrowth[]): Promise<GrownWindow[]> {
  if (added.length === 0) return [];
  const rows = await countGrowthStatement.rows(tx.client, [
    added.map(({ service }) => service),
    added.map(({ currency }) => currency),
    added.map(({ window_s }) => window_s),
    added.map(({ growth }) => formatAmount(growth)),
  ]);
  return rows.map((row) => ({ ...row, growth: BigInt(row.growth) }));
}

/** Takes off what the same transaction added and then held. */
export async function discountGrowth(
  tx: Transaction,
  held: readonly Omit<AddedGrowth, 'window_s'>[],
): Promise<void> {
  if (held.length === 0) return;
  await discountGrowthStatement.run(tx.client, [
    held.map(({ service }) => service),
    held.map(({ currency }) => currency),
    held.map(({ growth }) => formatAmount(growth)),
  ]);
}
