import type { FeedAnswer } from '@cashback/core';
import type { CallResult, HttpCallError } from '@cashback/service';

const NO_SUCH_ROUTE = new Set([404, 405, 501]);

/** What a call says about a feed. Throws the error of a call that says nothing about it. */
export function feedAnswerOf<Page>(result: CallResult<Page>): FeedAnswer<Page> {
  if ('body' in result) return { page: result.body };
  const { error } = result;
  if (!isFeedError(error)) throw error;
  return isCursorRefused(error)
    ? { refused: error.message, epoch: epochOf(error) }
    : { not_offered: error.message };
}

/** Whether a failed call says something about its feed: there is none, or the cursor is refused. */
export function isFeedError(error: HttpCallError): boolean {
  return isCursorRefused(error) || NO_SUCH_ROUTE.has(error.http_status ?? 0);
}

function isCursorRefused({ code }: HttpCallError): boolean {
  return code === 'CURSOR_INVALID';
}

function epochOf({ details: { invoice_epoch, epoch = invoice_epoch } }: HttpCallError): number | undefined {
  return Number.isSafeInteger(epoch) ? (epoch as number) : undefined;
}
