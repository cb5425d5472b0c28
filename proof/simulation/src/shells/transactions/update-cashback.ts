import type { CashbackError } from '@cashback/contract';
import type { AcceptanceWrites } from '@cashback/transactions/decisions';
import type { UpdateCashbackInput, UpdateCashbackOutput } from '@cashback/wire';
import { type Flow, atomically } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { loadBaskets, loadOperations, writeAcceptance } from './write-rows.ts';

/** `POST /update/cashback` */
export function* updateCashback(
  world: World,
  input: UpdateCashbackInput,
): Flow<UpdateCashbackOutput | CashbackError> {
  const { invoice_id, operation_id } = input;
  return yield* atomically(`accept ${operation_id}`, () => {
    const { engine, tables, advances } = world;
    const { acceptOperation, answerRequest, decideRequest } = world.decisions.transactions;
    const { known, unfinished } = loadOperations(world, input);
    const decision = decideRequest(input, {
      invoice: tables.invoices.get(invoice_id) ?? null,
      known: known.get(operation_id) ?? null,
      unfinished: unfinished.get(invoice_id) ?? null,
    });
    let writes: AcceptanceWrites | null = null;
    if (decision.outcome === 'refused') {
      engine.note(`transactions: ${operation_id} is refused: ${decision.error.code}`);
    }
    if (decision.outcome === 'accepted') {
      const { service } = decision.invoice;
      writes = acceptOperation(input, {
        service,
        wallet_policies: {},
        baskets: loadBaskets(world, invoice_id),
      });
      engine.note(`transactions: ${operation_id} is accepted: ${describeSteps(writes)}`);
      writeAcceptance(world, writes);
    }
    const { answer, job } = answerRequest(input, decision, writes?.operation ?? null);
    if (job !== null) advances.enqueue(job.key, job.payload.operation_id);
    return answer;
  });
}

function describeSteps({ steps }: AcceptanceWrites): string {
  const described = steps.map(({ kind, source, amount }) => `${kind} of ${source} ${amount}`);
  return described.join('; ') || 'nothing to do';
}
