import { CashbackError } from '@cashback/contract';
import { type BalanceChangedCallback, balanceChangedCallback } from '@cashback/wire';
import { type Database, type Jobs, type Transaction, withTransaction } from '@cashback/postgres';
import { type HttpServer, receiveCallback } from '@cashback/service';
import {
  insertBalance,
  insertCallback,
  insertPush,
  lockBalance,
  updateBalance,
} from '../db/take-callback.ts';
import { type AdoptionWrites, decideAdoption } from '../decide-adoption.ts';
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
    const adopted = await adoptBalance(transaction, callback);
    if (adopted === null) return;
    await insertPush(drizzle, webhookId, adopted.push);
    await jobs.enqueue(walletPushQueue, [walletPushJob(callback)], transaction);
  });
}

/** Decides under the lock of the cached balance, so of two callbacks at once the higher sequence stays. */
async function adoptBalance(
  tx: Transaction,
  callback: BalanceChangedCallback,
): Promise<AdoptionWrites | null> {
  let cached = await lockBalance(tx, callback.wallet_id);
  if (cached === null) {
    const first = decideAdoption(null, callback);
    if (first === null || (await insertBalance(tx.drizzle, first.balance))) return first;
    // Another callback has inserted the first balance meanwhile, and balances are never deleted.
    cached = await lockBalance(tx, callback.wallet_id);
  }
  const adopted = decideAdoption(cached, callback);
  if (adopted !== null) await updateBalance(tx.drizzle, adopted.balance);
  return adopted;
}
