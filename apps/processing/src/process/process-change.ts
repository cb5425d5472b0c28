import { CashbackClientError, type CashbackClient } from '@cashback/client';
import { formatAmount, formatValues } from '@cashback/contract';
import { type Calculation, calculateCashback } from '@cashback/core';
import type { Outcome, RegisterAnswers } from '../record/decide-next-attempt.ts';
import { type Inputs, RATES_MISSING, gatherInputs } from '../gather/gather-inputs.ts';
import { outcomeOfFailure } from './outcome-of-failure.ts';
import type { Upstreams } from '../upstreams.ts';

/** How often an order is started over at once when others overtake it. */
const MAX_ROUNDS = 5;

/**
 * Gets the invoice from `transactions` and the coefficients from `order_rates`, calculates the cashback from them and
 * sends it to `register`, by source. Resolves with what came of it, whatever that is.
 */
export async function processChange(
  orderId: string,
  upstreams: Upstreams,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; answers: RegisterAnswers }> {
  const answers: RegisterAnswers = { registered: 0, unchanged: 0, stale: 0 };
  const outcome = await processUntilStored(orderId, upstreams, signal, answers);
  return { outcome, answers };
}

async function processUntilStored(
  orderId: string,
  upstreams: Upstreams,
  signal: AbortSignal,
  answers: RegisterAnswers,
): Promise<Outcome> {
  try {
    let overtaken = '';
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      const gathered = await gatherInputs(orderId, upstreams, signal);
      if ('outcome' in gathered) return gathered.outcome;
      const { inputs } = gathered;
      const calculation = calculateCashback(inputs);
      if (calculation.outcome === 'rates_missing') return RATES_MISSING;
      const registered = await register(upstreams.server, inputs, calculation, answers);
      if (registered === null) {
        const asks_again = inputs.service_cashback?.origin === 'kept';
        return { outcome: 'processed', invoice_version: inputs.invoice.version, asks_again };
      }
      overtaken = registered.overtaken;
    }
    return { outcome: 'waiting', reason: overtaken };
  } catch (error) {
    const outcome = outcomeOfFailure(error);
    if (outcome.outcome === 'attention')
      upstreams.log.debug({ err: error, order_id: orderId }, 'order was refused');
    return outcome;
  }
}

/** Null when what comes of the inputs is stored; otherwise what was newer than they are. */
async function register(
  server: Pick<CashbackClient, 'register'>,
  { invoice, expected_revision }: Inputs,
  { cleared_sum, target, receipt }: Extract<Calculation, { outcome: 'calculated' }>,
  answers: RegisterAnswers,
): Promise<{ overtaken: string } | null> {
  try {
    const { outcome, invoice_version } = await server.register({
      order_id: invoice.invoice_id,
      service: invoice.service,
      user_id: invoice.user_id,
      wallet_id: invoice.wallet_id,
      currency: invoice.currency,
      invoice_version: invoice.version,
      cleared_sum: formatAmount(cleared_sum),
      cashback_by_source: formatValues(target),
      expected_revision,
      receipt,
    });
    answers[outcome] += 1;
    if (outcome !== 'stale') return null;
    return {
      overtaken: `the server has version ${invoice_version} of the invoice, transactions shows ${invoice.version}`,
    };
  } catch (error) {
    if (!(error instanceof CashbackClientError) || error.code !== 'REVISION_CONFLICT') throw error;
    return { overtaken: error.message };
  }
}
