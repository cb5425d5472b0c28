import { createHash } from 'node:crypto';
import type { NewOperation } from '@cashback/cashback-db';
import { formatAmounts, parseAmounts } from '@cashback/contract';

/** The need that an operation serves. Its revision is not part of it: the same need has the same id. */
export type OperationContent = Pick<
  NewOperation,
  'cashback_epoch' | 'version' | 'user_id' | 'wallet_id' | 'currency' | 'reward'
>;

/**
 * The id of an operation is a hash of what it is for, so that a worker that lost its rows makes the same id for the same
 * need, and `transactions` recognizes it. Each end raises the version. An operation that was refused may leave the version
 * as it is: `again` counts those of the same content that were made before, so that the next one has another id.
 *
 * Older releases counted without the word, or with another one: their ids are none of these but the first of a content.
 */
export function operationIdOf(orderId: string, content: OperationContent, again: number): string {
  const parts = [orderId, ...contentOf(content), ...(again === 0 ? [0] : ['again', again])];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

export function isSameContent(one: OperationContent, other: OperationContent): boolean {
  return JSON.stringify(contentOf(one)) === JSON.stringify(contentOf(other));
}

/** An amount of zero is the same as none, and the order of sources says nothing. */
function contentOf(content: OperationContent): unknown[] {
  const { cashback_epoch, version, user_id, wallet_id, currency } = content;
  const reward = formatAmounts(parseAmounts(content.reward)).filter(
    ({ amount }) => !/^0(\.0*)?$/.test(amount),
  );
  return [
    cashback_epoch,
    version,
    user_id,
    wallet_id,
    currency,
    reward.map(({ source, amount }) => [source, amount]),
  ];
}
