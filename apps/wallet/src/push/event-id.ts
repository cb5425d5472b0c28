import { parseWholeNumber } from '@cashback/service';
import type { Position } from '../decide-adoption.ts';

/** The sequence alone in the first epoch: clients had such ids before there were epochs. */
export function formatEventId({ epoch, sequence }: Position): string {
  return epoch === 1 ? String(sequence) : `${epoch}:${sequence}`;
}

/** Null: it is none of ours. */
export function parseEventId(id: string): Position | null {
  const [, first = '1', second = ''] = /^(?:(\d+):)?(\d+)$/.exec(id) ?? [];
  const epoch = parseWholeNumber(first, 1, Number.MAX_SAFE_INTEGER);
  const sequence = parseWholeNumber(second, 0, Number.MAX_SAFE_INTEGER);
  return epoch === null || sequence === null ? null : { epoch, sequence };
}
