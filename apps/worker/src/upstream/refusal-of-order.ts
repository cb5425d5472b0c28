import type { HttpCallError } from '@cashback/service';

const STATUSES_OF_CALLERS = new Set([401, 403]);
const NO_SUCH_ROUTE = 'NOT_FOUND';

/**
 * What `transactions` says against this order. Null when it says nothing about it: no answer, a broken one, or a
 * token or an address that it does not know. Those concern every order alike, and pass once they are put right.
 */
export function refusalOfOrder(error: HttpCallError): { code: string; message: string } | null {
  if (error.outcome === 'unknown') return null;
  if (STATUSES_OF_CALLERS.has(error.http_status ?? 0) || error.code === NO_SUCH_ROUTE) return null;
  return { code: error.code, message: error.message };
}
