import type { RegisterOutcome } from '@cashback/contract';
import type { Inputs } from '../gather/choose-inputs.ts';
import type { Outcome } from '../record/decide-next-attempt.ts';

/** How often an order is started over at once when newer registrations overtake it. */
export const MAX_ROUNDS = 5;

export type RegisterAnswer =
  | { outcome: RegisterOutcome; invoice_version: number }
  /** The order has another revision than the inputs expect. */
  | { outcome: 'conflict'; message: string };

/** How a round ended: with an outcome, or overtaken by something newer than its inputs. */
export type RoundDecision = { outcome: Outcome } | { overtaken: string };

export function decideRound({ invoice, service_cashback }: Inputs, answer: RegisterAnswer): RoundDecision {
  switch (answer.outcome) {
    case 'registered':
    case 'unchanged': {
      const asks_again = service_cashback?.origin === 'kept';
      return { outcome: { outcome: 'processed', invoice_version: invoice.version, asks_again } };
    }
    case 'stale':
      return {
        overtaken: `the server has version ${answer.invoice_version} of the invoice, transactions shows ${invoice.version}`,
      };
    case 'conflict':
      return { overtaken: answer.message };
  }
}

/** After `MAX_ROUNDS` rounds. */
export function outcomeOfOvertaken(reason: string): Outcome {
  return { outcome: 'waiting', reason };
}
