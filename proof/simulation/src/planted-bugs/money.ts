import { formatAmounts } from '@cashback/contract';
import type { Plant } from './plant.ts';
import { withStep } from './steps.ts';

/** Mistakes in what wallets owe, and in changes of payee. */
export const MONEY = {
  /** A refund counts as whole, whatever it found in the wallet. */
  taken_unread: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      answerToRequest(...input) {
        const answer = decisions.transactions.answerToRequest(...input);
        return answer.kind === 'applied' ? { kind: 'applied' } : answer;
      },
    },
  }),
  /** Other content under the id of a step is taken for the one that was asked for. */
  difference_unread: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      answerToRequest(how, asked, result) {
        const answer = decisions.transactions.answerToRequest(how, asked, result);
        if (answer.kind !== 'differs' || !('body' in result)) return answer;
        return result.body.status === 'success' ? { kind: 'applied' } : { kind: 'pending' };
      },
    },
  }),
  /** A step that Trust has with other content counts as refused, so another operation is made. */
  difference_refuses: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      answerToRequest(...input) {
        const answer = decisions.transactions.answerToRequest(...input);
        return answer.kind === 'differs' ? { kind: 'refused', reason: answer.difference } : answer;
      },
    },
  }),
  /** The worker does not read why an operation has not ended. */
  difference_unreported: (decisions) =>
    withStep(decisions, (decide, charge) => {
      const step = decide(charge);
      if (step.action !== 'need_attention' || step.attention.code !== 'trust_differs') return step;
      const { attention: _attention, ...rest } = step;
      return { ...rest, action: 'poll' };
    }),
  /** The request of a refund lacks what it may do to its wallet. */
  policy_unsent: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      trustRequestOf(call) {
        const operation = { ...call.operation, wallet_policy: 'go_negative' as const };
        return decisions.transactions.trustRequestOf({ ...call, operation });
      },
    },
  }),
  /** A debt of a wallet counts as paid back. */
  debt_settles: (decisions) =>
    withStep(decisions, (decide, charge) => {
      const step = decide(charge);
      const isDebt = 'attention' in step && step.attention?.code === 'owed';
      if (!isDebt || step.action !== 'need_attention') return step;
      const rewarded = formatAmounts(charge.target);
      const { ending, answered_at } = step;
      return { action: 'settle', ending, rewarded, waited_ms: 0, answered_at };
    }),
  /** What billing says of a balance makes no order due. */
  balance_hint_unread: (decisions) => ({
    ...decisions,
    worker: { ...decisions.worker, fillsWallet: () => false },
  }),
  /** Baskets in the wallets of earlier payees count as those of the last one. */
  payee_version_unread: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      openBaskets: (rows) => decisions.transactions.openBaskets(rows, { payee_version: 0 }),
      readRow: (...input) => ({ ...decisions.transactions.readRow(...input), elsewhere: [] }),
    },
  }),
  /** The payee of an invoice changes although an operation is in flight. */
  payee_changed_in_flight: (decisions) => ({
    ...decisions,
    transactions: {
      ...decisions.transactions,
      planPayee: (current, input, { caller }) =>
        decisions.transactions.planPayee(current, input, { unfinished: false, caller }),
    },
  }),
} satisfies Record<string, Plant>;
