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
 * as it is: `attempt` counts those that were made from it before, so that the next one has another id.
 *
 * An older release counted those of the same content instead, without the word: its ids are none of these but the first.
 */
export function operationIdOf(orderId: string, content: OperationContent, attempt: number): string {
  const parts = [orderId, ...contentOf(content), ...(attempt === 0 ? [0] : ['attempt', attempt])];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
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
