import type { CashbackError } from '@cashback/contract';
import type { AcceptanceWrites, PlannedRequest } from '@cashback/transactions/decisions';
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
    const { advances, compared, tables, wallet_policies } = world;
    const { answerRequest, decideRequests, planRequest, refuseCarriedOut } = world.decisions.transactions;
    const invoice = lockInvoice(world, invoice_id);
    const context = { ...loadOperations(world, input), compared };
    const requests = decideRequests([input], invoice === null ? [] : [invoice], context)
      .map((decided) => planRequest(decided, { wallet_policies, baskets: loadBaskets(world, invoice_id) }))
      .map((planned) => refuseCarriedOut(planned, new Set(tables.adopted_steps.keys())));
    const [request] = requests;
    if (request === undefined) throw new Error(`${operation_id} was not decided`);
    note(world, request);
    if (request.writes !== null) writeAcceptance(world, request.writes);
    const { answer, job } = answerRequest(request, true);
    if (job !== null) advances.enqueue(job.key, job.payload.operation_id);
    return answer;
  });
}

function note({ engine }: World, { input, decision, writes }: PlannedRequest): void {
  const { operation_id } = input;
  if (decision.outcome === 'refused') {
    engine.note(`transactions: ${operation_id} is refused: ${decision.error.code}`);
  }
  if (writes !== null) engine.note(`transactions: ${operation_id} is accepted: ${describeSteps(writes)}`);
}

function describeSteps({ steps }: AcceptanceWrites): string {
  const described = steps.map(({ kind, source, amount }) => `${kind} of ${source} ${amount}`);
  return described.join('; ') || 'nothing to do';
}
