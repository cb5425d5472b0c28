import { type Reader, statement } from '@cashback/postgres';
import { REFUNDS_LISTED, type Refund, type RefundsPage, type RefundsQuery } from '@cashback/wire';

type RefundRow = { [Name in keyof Refund]: Refund[Name] };

const COLUMNS = {
  refund_id: 'text',
  basket_id: 'text',
  amount: 'numeric',
  wallet_policy: 'text',
  status: 'text',
  reason: 'text?',
  taken: 'numeric?',
} as const;

const listRefundsStatement = statement<RefundRow>({
  name: 'trust.list-refunds',
  text: `
  SELECT refund_id, basket_id, amount, wallet_policy, status, reason, taken
  FROM trust.refunds
  WHERE basket_id = $1 AND ($2::text IS NULL OR (created_at, refund_id) > (
    SELECT last.created_at, last.refund_id FROM trust.refunds AS last WHERE last.refund_id = $2
  ))
  ORDER BY created_at, refund_id
  LIMIT $3`,
  columns: COLUMNS,
});

/** A page of a basket's refunds, oldest first. Empty after a refund that there is not. */
export async function listRefunds(
  reader: Reader,
  { basket_id, after, limit }: RefundsQuery,
): Promise<RefundsPage> {
  return pageOf(await listRefundsStatement.rows(reader, [basket_id, after ?? null, limit + 1]), limit);
}

const loadFirstRefundsStatement = statement<RefundRow>({
  name: 'trust.load-first-refunds',
  text: `
  SELECT first.refund_id, first.basket_id, first.amount, first.wallet_policy, first.status, first.reason, first.taken
  FROM unnest($1::text[]) AS listed (basket_id)
  CROSS JOIN LATERAL (
    SELECT * FROM trust.refunds WHERE refunds.basket_id = listed.basket_id ORDER BY created_at, refund_id LIMIT $2
  ) AS first
  ORDER BY first.created_at, first.refund_id`,
  columns: COLUMNS,
});

/** The first page of each basket's refunds; a basket without any is absent. */
export async function loadFirstRefunds(
  reader: Reader,
  basketIds: readonly string[],
): Promise<Map<string, RefundsPage>> {
  const found = await loadFirstRefundsStatement.rows(reader, [basketIds, REFUNDS_LISTED + 1]);
  const byBasket = Map.groupBy(found, ({ basket_id }) => basket_id);
  return new Map([...byBasket].map(([basketId, rows]) => [basketId, pageOf(rows, REFUNDS_LISTED)]));
}

function pageOf(found: readonly Refund[], limit: number): RefundsPage {
  const page = found.slice(0, limit);
  return { refunds: page, next: found.length > limit ? (page.at(-1)?.refund_id ?? null) : null };
}
