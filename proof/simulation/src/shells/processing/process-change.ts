import { CashbackError, type OrderOutput, formatValues, parseAmount } from '@cashback/contract';
import {
  type AttemptLimits,
  type ChangeRow,
  type Inputs,
  MAX_ROUNDS,
  type Outcome,
  type RegisterAnswer,
} from '@cashback/processing/decisions';
import type { LockedInvoice } from '@cashback/transactions/decisions';
import type { InvoiceChange } from '@cashback/wire';
import { type Flow, atomically, call, outside } from '../../engine/flow.ts';
import { SERVICES, ratesOf, shopCashback } from '../../services.ts';
import type { World } from '../../world.ts';
import { register, targetOf } from '../register.ts';
import { insertChange, loadChange, updateChange, writeAttempt } from './write-changes.ts';

const LIMITS: AttemptLimits = {
  retry_base_ms: 2_000,
  retry_max_ms: 60_000,
  attention_after_ms: 600_000,
  attention_retry_max_ms: 600_000,
};
/** Without jitter, so that a run repeats itself. */
const MOST = (): number => 1;

/** The callback of a changed invoice, and the feed that makes up for a lost one. */
export function* noteChange(world: World, change: InvoiceChange): Flow<true> {
  const { invoice_id: orderId, version } = change;
  return yield* atomically(`note version ${version} of ${orderId}`, () => {
    const { firstChange, noteChange: note, isUnfinished } = world.decisions.processing;
    const stored = loadChange(world, orderId);
    const row = stored === null ? firstChange(change) : note(stored, change);
    if (row === null) return true;
    if (stored === null) insertChange(world, row);
    else updateChange(world, row);
    if (isUnfinished(row)) world.changes.enqueue(orderId, orderId);
    return true;
  });
}

/** `universal_cashback_processing` */
export function* processJob(world: World, orderId: string): Flow<void> {
  const change = yield* atomically(`load the change of ${orderId}`, () => loadChange(world, orderId));
  if (change === null || !world.decisions.processing.isUnfinished(change)) return;
  const answers = { registered: 0, unchanged: 0, stale: 0 };
  const outcome = yield* processChange(world, orderId, answers);
  yield* atomically(`record the outcome of ${orderId}`, () => {
    const { decideNextAttempt, recordAttempt } = world.decisions.processing;
    const stored = loadChange(world, orderId);
    if (stored === null) throw new Error(`change ${orderId} is not there`);
    const next = decideNextAttempt(change, outcome, LIMITS, MOST);
    writeAttempt(world, recordAttempt(stored, next, answers));
  });
}

/** A person has the order processed again. */
export function resumeChange(world: World, row: ChangeRow): void {
  const resumed = world.decisions.processing.resumeChange(row);
  if (resumed === null) return;
  updateChange(world, resumed);
  world.changes.enqueue(row.order_id, row.order_id);
}

type StoredOrder = Pick<OrderOutput, 'revision' | 'target'>;

function* processChange(
  world: World,
  orderId: string,
  answers: Record<'registered' | 'unchanged' | 'stale', number>,
): Flow<Outcome> {
  const { processing } = world.decisions;
  let overtaken = '';
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const stored = yield* call('server', `order ${orderId}`, () => readOrder(world, orderId));
    if (stored === null) return NO_ANSWER;
    const invoice = yield* call('transactions', `invoice ${orderId}`, () => readInvoice(world, orderId));
    if (invoice === null) return NO_ANSWER;
    const rates = ratesOf(orderId, invoice.service);
    const config = SERVICES[invoice.service];
    const service = config && { config, config_hash: '' };
    const chosen = processing.chooseInputs({ invoice, stored, rates, service });
    if ('outcome' in chosen) return chosen.outcome;
    let { inputs } = chosen;
    if (chosen.question !== null) {
      const { base } = chosen.question;
      const answer = world.engine.happens('silent_shop')
        ? ({ answered: false } as const)
        : ({ answered: true, value: shopCashback(parseAmount(base)) } as const);
      inputs = processing.withServiceAnswer(inputs, answer, stored);
    }
    const answer = yield* call('server', `register ${orderId}`, () => sendRegister(world, inputs));
    if (answer === null) return NO_ANSWER;
    if (answer.outcome === 'refused') return { outcome: 'attention', reason: `server: ${answer.code}` };
    if (answer.outcome !== 'conflict') answers[answer.outcome] += 1;
    const decision = processing.decideRound(inputs, answer);
    if ('outcome' in decision) return decision.outcome;
    ({ overtaken } = decision);
  }
  return processing.outcomeOfOvertaken(overtaken);
}

const NO_ANSWER: Outcome = { outcome: 'failed', reason: 'no answer' };

function* readOrder({ tables }: World, orderId: string): Flow<StoredOrder> {
  return yield* outside('read', () => ({
    revision: tables.orders.get(orderId)?.revision ?? 0,
    target: formatValues(targetOf(tables.events, orderId)),
  }));
}

function* readInvoice({ tables }: World, orderId: string): Flow<LockedInvoice> {
  return yield* outside('read', () => {
    const invoice = tables.invoices.get(orderId);
    if (invoice === undefined) throw new Error(`invoice ${orderId} is not there`);
    return { ...invoice };
  });
}

function* sendRegister(
  world: World,
  inputs: Inputs,
): Flow<RegisterAnswer | { outcome: 'refused'; code: string }> {
  const calculation = world.decisions.processing.calculateCashback(inputs);
  if (calculation.outcome !== 'calculated') throw new Error(calculation.outcome);
  const input = world.decisions.processing.registerInputOf(inputs, calculation);
  const answer = yield* register(world, input);
  if (!(answer instanceof CashbackError)) return answer;
  const { code, message } = answer;
  return code === 'REVISION_CONFLICT' ? { outcome: 'conflict', message } : { outcome: 'refused', code };
}
