import type { TrustCall } from '@cashback/transactions/decisions';
import { formatAmount } from '@cashback/contract';
import { isSource, parseValues, totalOf } from '@cashback/contract/source';
import type { Decisions } from './decisions.ts';
import { atomically, sleep } from './engine/flow.ts';
import { CALLS } from './planted-bugs/calls.ts';
import type { Plant } from './planted-bugs/plant.ts';
import { MONEY } from './planted-bugs/money.ts';
import { PROCESSING } from './planted-bugs/processing.ts';
import { REGISTERS } from './planted-bugs/registers.ts';
import { RESTORES } from './planted-bugs/restores.ts';
import { STEPS } from './planted-bugs/steps.ts';

/** As long as the worker waits for a lock. */
const LOCK_WAIT_MS = 1_000;

/** Mistakes that can be made on purpose, to see that the simulation finds them. */
const PLANTS = {
  ...CALLS,
  ...STEPS,
  ...REGISTERS,
  ...RESTORES,
  ...PROCESSING,
  /** Register decides on rows that another register may change before it writes. */
  no_row_lock: (decisions) => ({
    ...decisions,
    database: {
      ...decisions.database,
      *register(what, load, decideAndWrite, enqueue = () => {}) {
        const seen = yield* atomically('read the order without its lock', load);
        return yield* atomically(what, () => {
          const written = decideAndWrite(seen);
          enqueue(written);
          return written;
        });
      },
    },
  }),
  /** The worker decides under the lock, on events from before it waited for it. */
  lock_and_read_in_one_statement: (decisions) => ({
    ...decisions,
    database: {
      ...decisions.database,
      *reconcile(what, load, decideAndWrite) {
        const { target } = yield* atomically('wait for the lock', load);
        yield* sleep(LOCK_WAIT_MS);
        return yield* atomically(what, () => decideAndWrite({ ...load(), target }));
      },
    },
  }),
  /** The same of a step at Trust. */
  new_step_id_on_retry: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      advanceOperation(...input) {
        const writes = decisions.transactions.advanceOperation(...input);
        return writes.call?.how === 'repeat' ? { ...writes, call: underAnotherId(writes.call) } : writes;
      },
    },
  }),
  /** The job of a register is a second transaction. */
  enqueue_after_commit: (decisions) => ({
    ...decisions,
    database: {
      ...decisions.database,
      *register(what, load, decideAndWrite, enqueue = () => {}) {
        const written = yield* atomically(what, () => decideAndWrite(load()));
        yield* atomically(`enqueue after: ${what}`, () => enqueue(written));
        return written;
      },
    },
  }),
  /** The wallet takes whatever balance comes last. */
  sequence_ignored: (decisions) => ({
    ...decisions,
    wallet: {
      ...decisions.wallet,
      adoptionOf: (_, report, origin) => decisions.wallet.adoptionOf(null, report, origin),
    },
  }),
  /** A copy of a callback is adopted and pushed again. */
  push_of_equal_sequence: (decisions) => ({
    ...decisions,
    wallet: {
      ...decisions.wallet,
      adoptionOf(cached, report, origin) {
        const isCopy = cached?.sequence === report.sequence;
        return decisions.wallet.adoptionOf(isCopy ? null : cached, report, origin);
      },
    },
  }),
  /** A step at Trust that was not answered counts as refused. */
  silence_is_failure: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      advanceOperation(operation, answered, ...rest) {
        const isSilent = answered?.answer.kind === 'unknown';
        const answer = { kind: 'refused', reason: 'no answer' } as const;
        const taken = isSilent ? { ...answered, answer } : answered;
        return decisions.transactions.advanceOperation(operation, taken, ...rest);
      },
    },
  }),
  /** A refused repeat ends its step, although the request before it may have been carried out. */
  refused_repeat_counts: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      answerAfterLookup: (refusal) =>
        refusal.kind === 'not kept' ? { ...refusal, kind: 'refused' } : refusal,
    },
  }),
  /** Failed operations are not counted, so they are tried again forever. */
  failures_uncounted: (decisions) => ({
    ...decisions,
    worker: {
      ...decisions.worker,
      chargeOf(order, rows) {
        const ended = rows.ended.filter(({ outcome }) => outcome !== 'failed');
        return decisions.worker.chargeOf(order, { ...rows, ended });
      },
    },
  }),
  /** Processing waits for the version that a callback names. */
  callback_trusted: (decisions) => ({
    ...decisions,
    processing: {
      ...decisions.processing,
      callbackHint: (callback) => decisions.processing.feedHint(callback, 1, true),
    },
  }),
  /** The order is shown at its first revision, forever. */
  first_revision_shown: (decisions) => ({
    ...decisions,
    server: {
      ...decisions.server,
      shownOrder(...input) {
        return { ...decisions.server.shownOrder(...input), revision: 1 };
      },
    },
  }),
  /** Every calculation rounds down, whatever the service's rule is. */
  rounded_down: (decisions) => ({
    ...decisions,
    processing: {
      ...decisions.processing,
      nextStep(attempt) {
        const { invoice } = attempt.known;
        if (invoice === undefined || !('service' in invoice) || invoice.service === undefined) {
          return decisions.processing.nextStep(attempt);
        }
        const config = { ...invoice.service.config, rounding: 'down' as const };
        const known = { ...attempt.known, invoice: { ...invoice, service: { ...invoice.service, config } } };
        return decisions.processing.nextStep({ ...attempt, known });
      },
    },
  }),
  /** The worker sends all of a target that is held. */
  hold_unread: (decisions) => ({
    ...decisions,
    worker: {
      ...decisions.worker,
      chargeOf: (order, rows) => decisions.worker.chargeOf({ ...order, hold: null }, rows),
    },
  }),
  /** An accepted operation gets no job. */
  operation_unqueued: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      answerRequest: (...input) => ({ ...decisions.transactions.answerRequest(...input), job: null }),
    },
  }),
  /** A change that is noted gets no job. */
  change_unqueued: (decisions) => ({
    ...decisions,
    processing: {
      ...decisions.processing,
      noteHints: (...input) =>
        decisions.processing.noteHints(...input).map((writes) => ({ ...writes, job: null })),
    },
  }),
  /** The invoice shows an operation in flight as done. */
  status_always_success: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      shownInvoice(...input) {
        const invoice = decisions.transactions.shownInvoice(...input);
        return { ...invoice, cashback: { ...invoice.cashback, status: 'success' } };
      },
    },
  }),
  /** No audit is ever due. */
  audit_never_runs: (decisions) => ({
    ...decisions,
    worker: { ...decisions.worker, auditedTimes: () => null },
  }),
  /** A release leaves the sources that it does not know out of a target. */
  unknown_source_skipped: (decisions) => ({
    ...decisions,
    worker: {
      ...decisions.worker,
      chargeOf(order, rows) {
        const newest = rows.newest.filter(({ source }) => isSource(source));
        const cashback_sum = formatAmount(totalOf(parseValues(newest)));
        return decisions.worker.chargeOf(order, { ...rows, newest, cashback_sum });
      },
    },
  }),
  /** The sum of the parts lacks those orders that need attention. */
  attention_left_out: (decisions) => ({
    ...decisions,
    server: {
      ...decisions.server,
      sumParts: (standing) =>
        decisions.server.sumParts(standing.filter(({ needs_attention }) => !needs_attention)),
    },
  }),
  /** The wallet does not read the feed of changed balances. */
  balances_unread: (decisions) => ({
    ...decisions,
    wallet: { ...decisions.wallet, decideFollowStep: () => ({ step: 'wait', reason: 'planted' }) },
  }),
  /** A callback that was missed brings no check. */
  gap_unseen: (decisions) => ({
    ...decisions,
    wallet: {
      ...decisions.wallet,
      adoptionOf: (cached, report) => decisions.wallet.adoptionOf(cached, report, 'check'),
    },
  }),
  /** Processing audits nothing. */
  processing_never_audits: (decisions) => ({
    ...decisions,
    processing: { ...decisions.processing, auditChange: () => null },
  }),
  ...MONEY,
  /** An answer that the invoice knows nothing of is not recorded. */
  unlisted_unrecorded: (decisions) => ({
    ...decisions,
    worker: { ...decisions.worker, afterObserving: () => ({ action: 'noop' }) },
  }),
} satisfies Record<string, Plant>;

export type PlantedBug = keyof typeof PLANTS;
export const PLANTED_BUGS = Object.keys(PLANTS) as PlantedBug[];

export function plant(bug: PlantedBug | null, decisions: Decisions): Decisions {
  return bug === null ? decisions : PLANTS[bug](decisions);
}

function underAnotherId(call: TrustCall): TrustCall {
  const { step } = call;
  const step_id = `${step.step_id}-again`;
  return { ...call, step: { ...step, step_id, basket_id: step.kind === 'topup' ? step_id : step.basket_id } };
}
