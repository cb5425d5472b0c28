import { CashbackError } from '@cashback/contract';
import type { Plant } from './plant.ts';
import { withStep } from './steps.ts';

const LAST_XACT = '9'.repeat(15);

/** Mistakes in what follows a restore. */
export const RESTORES = {
  /** What Trust has of an invoice is adopted while an operation is in flight. */
  adopted_in_flight: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      adoptable: (invoice) => decisions.transactions.adoptable(invoice, false),
    },
  }),
  /** The first page of a listing counts as all of it. */
  listing_cut_short: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      withPage(orderId, listing, result) {
        const next = decisions.transactions.withPage(orderId, listing, result);
        return next instanceof CashbackError ? next : { ...next, is_complete: true };
      },
    },
  }),
  /** What Trust lacks of an invoice stands in the way of no operation. */
  lost_money_unseen: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      decideListed(input) {
        const adoption = decisions.transactions.decideListed(input);
        const lacksMoney = adoption instanceof CashbackError && adoption.details.differences !== undefined;
        if (!lacksMoney) return adoption;
        return { outcome: 'adopt', cashback_version: null, baskets: [], refunds: [], steps: [] };
      },
    },
  }),
  /** What Trust lacks is missing in the report, too. */
  lost_money_unreported: (decisions) => ({
    ...decisions,
    operator: {
      ...decisions.operator,
      differenceOf: (pair) => (pair.exported === null ? null : decisions.operator.differenceOf(pair)),
    },
  }),
  /** A cursor is read whatever it is of, and its reader takes any epoch for the one that it was in. */
  cursor_unchecked: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      pageStart: (after, horizon) =>
        decisions.transactions.pageStart(after, { ...horizon, xact_id: LAST_XACT }),
    },
    processing: {
      ...decisions.processing,
      decideCatchUp(place, answer, size) {
        const epoch = 'page' in answer ? answer.page.invoice_epoch : place.epoch;
        return decisions.processing.decideCatchUp({ ...place, epoch: epoch ?? null }, answer, size);
      },
    },
  }),
  /** The worker reads none of the operations that transactions may have lost. */
  lost_operations_unread: (decisions) =>
    withStep(decisions, (decide, charge) => {
      const past = { operations: [], has_older: false, restored_at: null };
      return decide({ ...charge, past });
    }),
  /** The newest of the lost operations is repeated in place of the oldest. */
  newest_repeated_first: (decisions) =>
    withStep(decisions, (decide, charge, { observation }) => {
      const { past } = charge;
      const newest = past?.operations.at(-1);
      if (past === undefined || newest === undefined || observation.outcome !== 'observed')
        return decide(charge);
      const version = Math.min(newest.version, observation.cashback.version);
      return decide({ ...charge, past: { ...past, operations: [{ ...newest, version }] } });
    }),
  /** A lost operation is repeated under another id. */
  new_id_on_repeat: (decisions) => ({
    ...decisions,
    worker: {
      ...decisions.worker,
      updateBodyOf(operation, history) {
        const body = decisions.worker.updateBodyOf(operation, history);
        const isLost = history?.state === 'repeated';
        return isLost ? { ...body, operation_id: `${body.operation_id}-again` } : body;
      },
    },
  }),
  /** The first operation that is repeated counts as all that was lost. */
  repeat_completes: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      decideRequests: (...requested) =>
        decisions.transactions.decideRequests(...requested).map(({ input, decision }) => {
          const isRepeated = decision.outcome === 'accepted' && input.history;
          return { input, decision: isRepeated ? { ...decision, completes: true } : decision };
        }),
    },
  }),
  /** A page of a feed lacks its first change. */
  feed_skips_changes: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      shownPage(...input) {
        const page = decisions.transactions.shownPage(...input);
        return { ...page, changes: page.changes.slice(1) };
      },
    },
  }),
  /** Processing reads an invoice without its epoch. */
  invoice_epoch_unread: (decisions) => ({
    ...decisions,
    processing: {
      ...decisions.processing,
      attemptAfter(attempt, answered, failures) {
        if (answered.step !== 'read_invoice' || 'error' in answered.invoice) {
          return decisions.processing.attemptAfter(attempt, answered, failures);
        }
        const { invoice_epoch: _epoch, ...body } = answered.invoice.body;
        return decisions.processing.attemptAfter(attempt, { ...answered, invoice: { body } }, failures);
      },
    },
  }),
} satisfies Record<string, Plant>;
