import { CashbackClientError, type CashbackClient } from '@cashback/client';
import type { RegisterInput } from '@cashback/contract';
import { calculateCashback } from '@cashback/core';
import { RATES_MISSING } from '../gather/choose-inputs.ts';
import { gatherInputs } from '../gather/gather-inputs.ts';
import type { Upstreams } from '../gather/upstreams.ts';
import type { Outcome, RegisterAnswers } from '../record/decide-next-attempt.ts';
import { MAX_ROUNDS, type RegisterAnswer, decideRound, outcomeOfOvertaken } from './decide-round.ts';
import { outcomeOfFailure } from './outcome-of-failure.ts';
import { registerInputOf } from './register-input.ts';

/**
 * Gets the invoice from `transactions` and the rates from `order_rates`, calculates the cashback from them and sends
 * it to `register`, by source. Resolves with the outcome, whatever it is.
 *
 *   gather inputs -> calculate -> register -> registered, unchanged: processed
 *        ^                            |
 *        +--- stale, conflict: something newer was registered, up to 5 rounds
 */
export async function processChange(
  orderId: string,
  upstreams: Upstreams,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; answers: RegisterAnswers }> {
  const answers: RegisterAnswers = { registered: 0, unchanged: 0, stale: 0 };
  try {
    return { outcome: await runRounds(orderId, upstreams, signal, answers), answers };
  } catch (error) {
    const outcome = outcomeOfFailure(error);
    if (outcome.outcome === 'attention')
      upstreams.log.debug({ err: error, order_id: orderId }, 'order was refused');
    return { outcome, answers };
  }
}

async function runRounds(
  orderId: string,
  upstreams: Upstreams,
  signal: AbortSignal,
  answers: RegisterAnswers,
): Promise<Outcome> {
  let overtaken = '';
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const gathered = await gatherInputs(orderId, upstreams, signal);
    if ('outcome' in gathered) return gathered.outcome;
    const calculation = calculateCashback(gathered.inputs);
    if (calculation.outcome === 'rates_missing') return RATES_MISSING;
    const answer = await register(upstreams.server, registerInputOf(gathered.inputs, calculation));
    if (answer.outcome !== 'conflict') answers[answer.outcome] += 1;
    const decision = decideRound(gathered.inputs, answer);
    if ('outcome' in decision) return decision.outcome;
    ({ overtaken } = decision);
  }
  return outcomeOfOvertaken(overtaken);
}

async function register(
  server: Pick<CashbackClient, 'register'>,
  input: RegisterInput,
): Promise<RegisterAnswer> {
  try {
    return await server.register(input);
  } catch (error) {
    if (!(error instanceof CashbackClientError) || error.code !== 'REVISION_CONFLICT') throw error;
    return { outcome: 'conflict', message: error.message };
  }
}
