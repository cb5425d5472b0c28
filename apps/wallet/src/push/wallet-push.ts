import { z } from 'zod';
import { idField } from '@cashback/contract';
import { type Database, type JobHandler, defineQueue, withTransaction } from '@cashback/postgres';
import { notifyPushes } from '../db/notify-pushes.ts';
import type { Position } from '../decide-adoption.ts';
import { lockUndelivered, markDelivered } from '../db/undelivered-pushes.ts';

export const JOBS_SCHEMA = 'wallet_jobs';
/** What every process of `wallet` listens on. */
export const PUSH_CHANNEL = 'wallet_push';
const PAGE_SIZE = 500;

export const walletPushQueue = defineQueue({
  name: 'wallet_push',
  schema: JOBS_SCHEMA,
  payload: z.object({ wallet_id: idField }),
});

type WalletPush = z.output<typeof walletPushQueue.payload>;

/** A job for every push: a job that waits under its wallet's key could be taken before this one's row is there. */
export function walletPushJob({ wallet_id, epoch, sequence }: Position & { wallet_id: string }): {
  key: string;
  payload: WalletPush;
} {
  return { key: `${wallet_id}:${epoch}:${sequence}`, payload: { wallet_id } };
}

/**
 * Notifies every process of `wallet` of the balances that are not delivered yet, per wallet in the order of their
 * sequence. The notification and the record of it are one transaction.
 */
export function createWalletPush(database: Database): JobHandler<WalletPush> {
  return async (jobs, signal) => {
    const walletIds = [...new Set(jobs.map(({ payload }) => payload.wallet_id))];
    let published: number;
    do {
      signal.throwIfAborted();
      published = await publishPage(database, walletIds);
    } while (published === PAGE_SIZE);
  };
}

function publishPage(database: Database, walletIds: readonly string[]): Promise<number> {
  return withTransaction(database, async (tx) => {
    const undelivered = await lockUndelivered(tx, walletIds, PAGE_SIZE);
    if (undelivered.length === 0) return 0;
    await notifyPushes(tx, PUSH_CHANNEL, undelivered);
    await markDelivered(tx, undelivered);
    return undelivered.length;
  });
}
