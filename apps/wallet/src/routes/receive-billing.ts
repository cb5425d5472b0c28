import { CashbackError } from '@cashback/contract';
import { type BalanceChangedCallback, balanceChangedCallback } from '@cashback/wire';
import { type Database, withTransaction } from '@cashback/postgres';
import { type HttpServer, receiveCallback } from '@cashback/service';
import { type AdoptionContext, adoptBalance } from '../adopt-balance.ts';
import { insertCallback, markAdopted } from '../db/callback-inbox.ts';

interface Context extends AdoptionContext {
  database: Database;
  /** A callback left a gap, so its wallet is due for a check. */
  wakeChecks: () => void;
}

const MAX_WEBHOOK_ID_LENGTH = 256;

/**
 * `POST /callbacks/billing`: a balance changed. Billing sends in any order and more than once; only what is newer
 * than the cache counts, and is pushed.
 */
export function addReceiveBilling(server: HttpServer, context: Context, secret: string): void {
  receiveCallback(server, {
    path: '/callbacks/billing',
    secret,
    body: balanceChangedCallback,
    handler: ({ body, webhook_id }) => takeCallback(context, webhook_id, body),
  });
}

/** The inbox, the cache, the push record and its job: together or not at all. */
async function takeCallback(
  context: Context,
  webhookId: string,
  callback: BalanceChangedCallback,
): Promise<void> {
  if (webhookId.length > MAX_WEBHOOK_ID_LENGTH) {
    const message = `webhook-id: expected at most ${MAX_WEBHOOK_ID_LENGTH} characters, got ${webhookId.length}`;
    throw new CashbackError('BAD_REQUEST', message);
  }
  const hasGap = await withTransaction(context.database, async (tx) => {
    if (!(await insertCallback(tx.drizzle, webhookId, callback))) return false;
    const { adopted } = await adoptBalance(context, tx, callback, 'callback');
    if (adopted === null) return false;
    await markAdopted(tx.drizzle, webhookId, adopted.balance);
    return adopted.has_gap;
  });
  if (hasGap) context.wakeChecks();
}
