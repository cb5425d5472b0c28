import type { AttentionCode } from '@cashback/contract';
import { storableDetails } from '@cashback/postgres';
import type { ChangeRow } from '../inbox/change.ts';

/** Why an order needs attention, for programs: a code of the closed list, and the values that the reason speaks of. */
export interface AttentionCause {
  code: AttentionCode;
  details: Record<string, unknown>;
}

/** The cause that an order needs attention for. */
export interface FoundCause extends AttentionCause {
  order_id: string;
  /** False: it needed attention before, and has since then while the code stays. */
  is_first: boolean;
}

/** The cause to write beside a row, when it needs attention for what an attempt has found; else null. */
export function causeToWrite({
  before,
  row,
  next,
}: {
  before: Pick<ChangeRow, 'attention'>;
  row: Pick<ChangeRow, 'order_id' | 'attention'>;
  next: { attention: string | null; cause: AttentionCause | null };
}): FoundCause | null {
  const { order_id, attention } = row;
  if (attention === null || attention !== next.attention || next.cause === null) return null;
  const { code, details } = next.cause;
  return { order_id, code, details: storableDetails(details), is_first: before.attention === null };
}
