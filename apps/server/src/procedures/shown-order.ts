import type { OrderView } from '@cashback/cashback-db';
import { CashbackError, type OrderOutput, amountsBySource, isSource, parseValues } from '@cashback/contract';
import { attentionEntry } from '../attention/attention-entry.ts';
import { valuesOfAllSources } from '../all-sources.ts';

/** An order as callers see it. Throws ORDER_NOT_FOUND, and UNKNOWN_SOURCE. */
export function shownOrder(order_id: string, order: OrderView | undefined, as_of: Date): OrderOutput {
  if (order === undefined) {
    throw new CashbackError('ORDER_NOT_FOUND', `order ${order_id} was never registered`, { order_id });
  }
  const unknown = order.target.filter(({ source }) => !isSource(source)).map(({ source }) => source);
  if (unknown.length > 0) {
    const message = `the order has events of the source ${unknown.join(', ')}, which this release does not know`;
    throw new CashbackError('UNKNOWN_SOURCE', message, { order_id, sources: unknown });
  }
  const { attention, attention_code, attention_since, attention_details, ...described } = order;
  const { target, operations, reported, created_at, updated_at, ...fields } = described;
  const owed = owedBy(order);
  return {
    ...fields,
    state: stateOf(order),
    ...(owed !== null && { owed }),
    ...(attention !== null && {
      attention,
      // An older release gives the reason alone.
      ...(attention_code !== null && { attention_code }),
      ...(attention_since !== null && { attention_since: attention_since.toISOString() }),
      ...(attention_details !== null && { attention_details }),
    }),
    ...(reported.length > 0 && {
      reported_attention: reported.map(({ since, reported_at, ...need }) =>
        attentionEntry({ ...need, since: new Date(since), reported_at: new Date(reported_at) }, as_of),
      ),
    }),
    target: valuesOfAllSources(parseValues(target)),
    operations: operations.map((operation) => ({
      ...operation,
      created_at: toTimestamp(operation.created_at),
      finished_at: operation.finished_at === null ? null : toTimestamp(operation.finished_at),
    })),
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  };
}

function stateOf({ attention, settled_revision, revision }: OrderView): OrderOutput['state'] {
  if (attention !== null) return 'needs_attention';
  return settled_revision === revision ? 'settled' : 'in_flight';
}

/** What the worker last saw that the wallet owes; null: nothing. */
function owedBy({ attention, attention_code, attention_details }: OrderView): OrderOutput['owed'] | null {
  if (attention === null || attention_code !== 'owed') return null;
  const { data } = amountsBySource.safeParse(attention_details?.['owed']);
  return data ?? null;
}

/** Postgres writes timestamps inside JSON with an offset and without trailing zeros. */
function toTimestamp(moment: string): string {
  return new Date(moment).toISOString();
}
