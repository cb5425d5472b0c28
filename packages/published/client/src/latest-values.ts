import type { CashbackEvent } from '@cashback/contract';

/**
 * The newest event of each order and source: the one with the highest revision, anywhere in the list. The feed's order
 * is stable but does not follow the revisions, so fold each page into what is known:
 * `latestValues([...known, ...page.events])`.
 */
export function latestValues(events: Iterable<CashbackEvent>): CashbackEvent[] {
  const newest = new Map<string, CashbackEvent>();
  for (const event of events) {
    // Neither part can contain a space.
    const key = `${event.order_id} ${event.source}`;
    const known = newest.get(key);
    if (known === undefined || known.revision < event.revision) newest.set(key, event);
  }
  return [...newest.values()];
}
