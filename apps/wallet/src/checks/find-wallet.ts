import { withTransaction } from '@cashback/postgres';
import { HttpCallError } from '@cashback/service';
import { adoptBalance } from '../adopt-balance.ts';
import { reportOf } from '../balance-report.ts';
import type { CheckContext } from './check-wallet.ts';

/** Asks the payment system for a wallet that no callback has brought yet, and adopts it. Nothing when that does not work. */
export async function findWallet(context: CheckContext, walletId: string): Promise<void> {
  const { database, trust, log } = context;
  try {
    const answer = await trust.wallet(walletId);
    if (answer.user_id === undefined || answer.wallet_id !== walletId) return;
    const report = reportOf(answer, answer.user_id);
    await withTransaction(database, (tx) => adoptBalance(context, tx, report, 'check'));
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    log.debug({ err: error, wallet_id: walletId }, 'a wallet without a balance could not be found');
  }
}
