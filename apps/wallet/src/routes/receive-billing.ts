import { CashbackError } from '@cashback/contract';
import { type BalanceChangedCallback, balanceChangedCallback } from '@cashback/wire';
import { type Database, type Jobs, withTransaction } from '@cashback/postgres';
import { type HttpServer, receiveCallback } from '@cashback/service';
import { adoptBalance, insertCallback, insertPush } from '../db/take-callback.ts';
import { walletPushJob, walletPushQueue } from '../push/wallet-push.ts';

interface Context {
  database: Database;
  jobs: Jobs;
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
  { database, jobs }: Context,
  webhookId: string,
  callback: BalanceChangedCallback,
): Promise<void> {
  if (webhookId.length > MAX_WEBHOOK_ID_LENGTH) {
    const message = `webhook-id: expected at most ${MAX_WEBHOOK_ID_LENGTH} characters, got ${webhookId.length}`;
    throw new CashbackError('BAD_REQUEST', message);
  }
  await withTransaction(database, async (transaction) => {
    const { drizzle } = transaction;
    if (!(await insertCallback(drizzle, webhookId, callback))) return;
    if (!(await adoptBalance(drizzle, callback))) return;
    await insertPush(drizzle, webhookId, callback);
    await jobs.enqueue(walletPushQueue, [walletPushJob(callback)], transaction);
  });
}
