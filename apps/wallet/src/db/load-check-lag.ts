import { type Reader, statement } from '@cashback/postgres';

export interface CheckLag {
  /** Age of the oldest check; null without wallets. */
  oldest_age_ms: number | null;
  /** Wallets whose last answer contradicted the cache; counted up to 1,000. */
  drifting: number;
}

const loadCheckLagStatement = statement<CheckLag>({
  name: 'wallet.load-check-lag',
  text: `
  SELECT (SELECT floor(extract(epoch FROM now() - min(checked_at)) * 1000)::float8 FROM wallet.balances) AS oldest_age_ms,
         (SELECT count(*)::int4 FROM (SELECT FROM wallet.balances WHERE drift IS NOT NULL LIMIT 1000) AS found) AS drifting`,
  columns: { oldest_age_ms: 'float8?', drifting: 'int4!' },
});

export async function loadCheckLag(reader: Reader): Promise<CheckLag> {
  const [lag] = await loadCheckLagStatement.rows(reader, []);
  if (lag === undefined) throw new Error('a query without FROM returned no row');
  return lag;
}
