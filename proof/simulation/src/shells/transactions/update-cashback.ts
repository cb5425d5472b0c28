import type { CashbackError } from '@cashback/contract';
import type { AcceptanceWrites, RequestDecision } from '@cashback/transactions/decisions';
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
  if (!world.decisions.transactions.isHistoryUnknown(answer)) return answer;
  if (world.compared !== null) return answer;
  return (yield* adoptHistory(world, input.invoice_id)) ?? (yield* acceptLocked(world, input));
}

function* acceptLocked(world: World, input: UpdateCashbackInput): Flow<Answer> {
  const { invoice_id, operation_id } = input;
  return yield* atomically(`accept ${operation_id}`, () => {
    const { engine, advances } = world;
    const { answerRequest, decideRequest } = world.decisions.transactions;
    const { known, unfinished } = loadOperations(world, input);
    const first = decideRequest(input, {
      invoice: lockInvoice(world, invoice_id),
      known: known.get(operation_id) ?? null,
      unfinished: unfinished.get(invoice_id) ?? null,
      compared: world.compared,
    });
    const { decision, writes } =
      first.outcome === 'accepted' ? plan(world, input, first) : { decision: first, writes: null };
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

function plan(
  world: World,
  input: UpdateCashbackInput,
  decision: RequestDecision & { outcome: 'accepted' },
): { decision: RequestDecision; writes: AcceptanceWrites | null } {
  const { acceptOperation, refuseCarriedOut, repeatableSteps } = world.decisions.transactions;
  const { invoice } = decision;
  const baskets = loadBaskets(world, invoice.invoice_id);
  const writes = acceptOperation(input, {
    service: invoice.service,
    wallet_policies: world.wallet_policies,
    baskets,
    adopted_epoch: decision.completes ? invoice.epoch : null,
  });
  const { adopted_steps } = world.tables;
  const adopted = repeatableSteps({ invoice, writes }).filter((step_id) => adopted_steps.has(step_id));
  const refusal = refuseCarriedOut({ input, invoice, writes }, new Set(adopted));
  return refusal === null ? { decision, writes } : { decision: refusal, writes: null };
}

function describeSteps({ steps }: AcceptanceWrites): string {
  const described = steps.map(({ kind, source, amount }) => `${kind} of ${source} ${amount}`);
  return described.join('; ') || 'nothing to do';
}
