import { CashbackError } from '@cashback/contract';
import { type Database, type Transaction, withTransaction } from '@cashback/postgres';
import { type HttpClient, type Log, createHttpClient } from '@cashback/service';
import type { Settings } from '../../env.ts';
import { insertAdoptedSteps } from '../../db/queries/adoption/insert-adopted-steps.ts';
import { loadKnownHistory } from '../../db/queries/adoption/load-known-history.ts';
import { markAdopted } from '../../db/queries/adoption/mark-adopted.ts';
import { advanceCashbackVersions } from '../../db/queries/invoices/advance-cashback-versions.ts';
import { lockInvoice } from '../../db/queries/invoices/lock-invoices.ts';
import { insertBaskets, refundBaskets } from '../../db/queries/operations/baskets.ts';
import { hasUnfinishedOperation } from '../../db/queries/adoption/has-unfinished-operation.ts';
import type { LockedInvoice } from '../../invoices/invoice.ts';
import type { Adoption } from './decide-adoption.ts';
import { adoptable, decideListed } from './decide-listed.ts';
import { historyUnknown } from './history-unknown.ts';
import { listHistory } from './list-history.ts';

const LISTINGS_AT_ONCE = 8;
const MAX_WAITING = 1_000;

export interface Adopter {
  /** Once for each invoice and epoch. Throws `HISTORY_UNKNOWN` while it cannot be known what the invoice carries. */
  adopt(invoiceId: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * After a restore of this side Trust still has what the lost operations did. Adopts an invoice's baskets and refunds
 * before anything is decided by them:
 *
 *   check: none in flight -> list at Trust, outside of every transaction -> lock, compare, write, note the epoch
 */
export function createAdopter({
  database,
  settings,
  log,
}: {
  database: Database;
  settings: Settings;
  log: Log;
}): Adopter {
  const trust = createHttpClient({
    name: 'trust',
    base_url: settings.trust_url,
    token: settings.trust_token,
    timeout_ms: settings.trust_timeout_ms,
    concurrency: LISTINGS_AT_ONCE,
    max_waiting: MAX_WAITING,
  });
  const compared = settings.trust_compared_epoch;
  return {
    adopt: (invoiceId) =>
      settings.trust_lists_baskets === 'yes'
        ? adoptHistory({ database, trust, log }, invoiceId)
        : takeAsCompared({ database, compared }, invoiceId),
    close: () => trust.close(),
  };
}

/** Where Trust has no list, a person compares its export with what is recorded here, once an epoch for all invoices. */
async function takeAsCompared(
  { database, compared }: { database: Database; compared: number },
  invoiceId: string,
): Promise<void> {
  await withTransaction(database, async (tx) => {
    const invoice = await lockUnadopted(tx, invoiceId);
    if (invoice === null) return;
    const { epoch } = invoice;
    if (epoch > compared) {
      const why = `Trust has no list of its baskets, and nobody has compared epoch ${epoch} with its export (TRUST_COMPARED_EPOCH is ${compared})`;
      throw historyUnknown(invoiceId, why, { epoch, compared_epoch: compared });
    }
    await markAdopted(tx, invoiceId, epoch);
  });
}

async function adoptHistory(
  { database, trust, log }: { database: Database; trust: HttpClient; log: Log },
  invoiceId: string,
): Promise<void> {
  const before = await withTransaction(database, (tx) => lockUnadopted(tx, invoiceId));
  if (before === null) return;
  const listed = await listHistory(trust, invoiceId);
  await withTransaction(database, async (tx) => {
    const invoice = await lockUnadopted(tx, invoiceId);
    if (invoice === null) return;
    const { epoch } = invoice;
    const known = await loadKnownHistory(tx, invoice);
    const adoption = decideListed({ before, invoice, known, listed });
    if (adoption instanceof CashbackError) {
      const { differences } = adoption.details;
      if (differences !== undefined) {
        log.error({ invoice_id: invoiceId, differences }, 'Trust has less than was recorded here');
      }
      throw adoption;
    }
    await write(tx, invoice, adoption);
    const { baskets, refunds } = adoption;
    if (adoption.cashback_version !== null) {
      log.warn({ invoice_id: invoiceId, epoch, baskets, refunds }, 'adopted what Trust has of an invoice');
    }
  });
}

async function lockUnadopted(tx: Transaction, invoiceId: string): Promise<LockedInvoice | null> {
  const invoice = await lockInvoice(tx, invoiceId);
  return adoptable(invoice, await hasUnfinishedOperation(tx, invoiceId));
}

async function write(
  tx: Transaction,
  { invoice_id, epoch }: LockedInvoice,
  { cashback_version, baskets, refunds, steps }: Extract<Adoption, { outcome: 'adopt' }>,
): Promise<void> {
  await insertBaskets(tx, baskets);
  await refundBaskets(tx, refunds);
  await insertAdoptedSteps(tx, steps, epoch);
  if (cashback_version !== null) {
    await advanceCashbackVersions(tx, [{ invoice_id, cashback_version, operation_id: null }]);
  }
  await markAdopted(tx, invoice_id, epoch);
}
