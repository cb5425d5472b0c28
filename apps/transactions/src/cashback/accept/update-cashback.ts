import { CashbackError } from '@cashback/contract';
import type { UpdateCashbackInput, UpdateCashbackOutput } from '@cashback/wire';
import { type Transaction, isUnavailable, withTransaction } from '@cashback/postgres';
import { createBatcher } from '@cashback/service';
import type { Adopter } from '../adopt/adopt-history.ts';
import { isHistoryUnknown } from '../adopt/history-unknown.ts';
import { lockFreeInvoices, lockInvoices } from '../../db/queries/invoices/lock-invoices.ts';
import { type Result, type UpdateContext, updateLocked } from './update-locked.ts';

const MAX_GROUP = 200;
const GROUPS_AT_ONCE = 2;
const MAX_PENDING = 5_000;
/** A request whose invoice stays locked for longer is refused, to be sent again. */
const LOCK_TIMEOUT_MS = 2_000;
/** How many requests wait for a locked invoice at once. */
const WAITING_AT_ONCE = 2;

/** Another transaction has locked the invoice: nothing was decided. */
const LOCKED = Symbol('locked');

/**
 * Accepts requests to move an invoice's cashback to a target: freezes which baskets to create and to refund, and leaves
 * the work to a job. A request that was accepted before is answered with its current status, and enqueued again.
 *
 *   requests -> batch -> lock the invoices that are free -> load -> decide -> write -> an answer for each
 *                 \
 *                  those that are locked -> alone: wait for the lock, then the same
 *
 * A request whose invoice is locked holds up no other. After a restore, the first operation of an invoice waits until
 * what Trust has of it was adopted, outside of every transaction, and is then decided again.
 */
export function createUpdateCashback(
  context: UpdateContext & Pick<Adopter, 'adopt'>,
): (input: UpdateCashbackInput) => Promise<UpdateCashbackOutput> {
  const { database } = context;
  const updateTogether = createBatcher<UpdateCashbackInput, Result | typeof LOCKED>({
    keyOf: ({ invoice_id }) => invoice_id,
    max_size: MAX_GROUP,
    concurrency: GROUPS_AT_ONCE,
    run: (inputs) => withTransaction(database, (tx) => updateUnlocked(tx, context, inputs)),
    // Without a database, each alone would only wait for it again.
    retryIndividually: (error) => !isUnavailable(error),
    bound: { max_items: MAX_PENDING, refusal: overloaded },
  });

  const updateAlone = createBatcher<UpdateCashbackInput, Result>({
    keyOf: ({ invoice_id }) => invoice_id,
    max_size: 1,
    concurrency: WAITING_AT_ONCE,
    run: (inputs) =>
      Promise.all(
        inputs.map((input) => withTransaction(database, (tx) => waitAndUpdate(tx, context, input))),
      ),
    bound: { max_items: MAX_PENDING, refusal: overloaded },
  });

  return async (input) => {
    const together = await updateTogether(input);
    let result = together === LOCKED ? await updateAlone(input) : together;
    if (isHistoryUnknown(result)) {
      await context.adopt(input.invoice_id);
      result = await updateAlone(input);
    }
    if (result instanceof CashbackError) throw result;
    return result;
  };
}

function overloaded(): CashbackError {
  return new CashbackError(
    'OVERLOADED',
    `${MAX_PENDING} operations wait to be accepted already: send this one again later`,
  );
}

async function updateUnlocked(
  tx: Transaction,
  context: UpdateContext,
  inputs: readonly UpdateCashbackInput[],
): Promise<(Result | typeof LOCKED)[]> {
  const { invoices, locked } = await lockFreeInvoices(
    tx,
    inputs.map(({ invoice_id }) => invoice_id),
  );
  const free = inputs.filter(({ invoice_id }) => !locked.has(invoice_id));
  const results = await updateLocked(tx, context, { inputs: free, invoices });
  return inputs.map(({ invoice_id }) => results.get(invoice_id) ?? LOCKED);
}

async function waitAndUpdate(
  tx: Transaction,
  context: UpdateContext,
  input: UpdateCashbackInput,
): Promise<Result> {
  await tx.client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  const invoices = await lockInvoices(tx, [input.invoice_id]);
  const results = await updateLocked(tx, context, { inputs: [input], invoices });
  return results.get(input.invoice_id) as Result;
}
