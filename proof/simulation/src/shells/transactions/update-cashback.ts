import { CashbackError } from '@cashback/contract';
import type { AcceptanceWrites, LockedInvoice } from '@cashback/transactions/decisions';
import type { UpdateCashbackInput, UpdateCashbackOutput } from '@cashback/wire';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { adoptHistory } from './adopt-history.ts';
import { lockInvoice } from './lock-invoice.ts';
import { loadBaskets, loadOperations, writeAcceptance } from './write-rows.ts';

type Answer = UpdateCashbackOutput | CashbackError;

/** `POST /update/cashback` */
export function* updateCashback(world: World, input: UpdateCashbackInput): Flow<Answer> {
  const answer = yield* acceptLocked(world, input);
  if (!(answer instanceof CashbackError) || answer.code !== 'HISTORY_UNKNOWN') return answer;
  return (yield* adoptHistory(world, input.invoice_id)) ?? (yield* acceptLocked(world, input));
}

function* acceptLocked(world: World, input: UpdateCashbackInput): Flow<Answer> {
  const { invoice_id, operation_id } = input;
  return yield* atomically(`accept ${operation_id}`, () => {
    const { engine, advances } = world;
    const { answerRequest, carriedOutBefore, decideRequest } = world.decisions.transactions;
    const { known, unfinished } = loadOperations(world, input);
    let decision = decideRequest(input, {
      invoice: lockInvoice(world, invoice_id),
      known: known.get(operation_id) ?? null,
      unfinished: unfinished.get(invoice_id) ?? null,
    });
    let writes: AcceptanceWrites | null = null;
    if (decision.outcome === 'accepted') {
      writes = planned(world, input, decision.invoice);
      if (writes === null) decision = { outcome: 'refused', error: carriedOutBefore(input) };
    }
    if (decision.outcome === 'refused') {
      engine.note(`transactions: ${operation_id} is refused: ${decision.error.code}`);
    }
    if (writes !== null) {
      engine.note(`transactions: ${operation_id} is accepted: ${describeSteps(writes)}`);
      writeAcceptance(world, writes);
    }
    const { answer, job } = answerRequest(input, decision, writes?.operation ?? null);
    if (job !== null) advances.enqueue(job.key, job.payload.operation_id);
    return answer;
  });
}

/** Null: Trust carried a step of it out before a restore. */
function planned(
  world: World,
  input: UpdateCashbackInput,
  { invoice_id, service, reconciled_epoch }: LockedInvoice,
): AcceptanceWrites | null {
  const { FIRST_EPOCH, acceptOperation } = world.decisions.transactions;
  const baskets = loadBaskets(world, invoice_id);
  const writes = acceptOperation(input, { service, wallet_policies: {}, baskets });
  const isCarriedOut =
    reconciled_epoch > FIRST_EPOCH &&
    writes.steps.some(({ step_id }) => world.tables.adopted_steps.has(step_id));
  return isCarriedOut ? null : writes;
}

function describeSteps({ steps }: AcceptanceWrites): string {
  const described = steps.map(({ kind, source, amount }) => `${kind} of ${source} ${amount}`);
  return described.join('; ') || 'nothing to do';
}
