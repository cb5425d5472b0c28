import { setTimeout as sleep } from 'node:timers/promises';
import type { FrontDoor } from '@cashback/scenario';
import { HttpCallError } from '@cashback/service';
import { untilEqual } from '@cashback/timing';
import { type Invoice, invoice } from '@cashback/wire';
import type { Case, Right, Step, Update } from './case.ts';
import { type OrderIds, readInvoice, readState, totalOf } from './read-state.ts';

const SERVICE = 'yellow';

/** The end of an update: the invoice, or the refusal. */
type Answer = { status: 200; version: number; total: string } | { status: number | undefined; code: string };
type Change = Pick<Update, 'version' | 'total' | 'change_id'>;
type Attempt = { change: Change; answer: Answer };

/** The order of one case, as its steps go. */
interface Played {
  ids: OrderIds;
  door: FrontDoor;
  attention_after_ms: number;
  /** Of the step with two updates at once. */
  accepted?: Attempt;
  refused?: Attempt;
}

/**
 * Plays the steps through the front door, one after the other, and compares the right values of a step before the next.
 * Rejects at the first that does not become right.
 */
export async function playCase(
  { steps, services }: Case,
  options: { ids: OrderIds; door: FrontDoor; attention_after_ms: number },
): Promise<void> {
  const played: Played = { ...options };
  for (const step of steps) {
    if ('rates' in step && services !== undefined && step.rates.user !== services.yellow.user_rate)
      throw new Error(`the case has two rates: ${step.rates.user} and ${services.yellow.user_rate}`);
    await playStep(step, played);
    if ('right' in step && step.right !== undefined) await untilRight(step.right, options);
  }
}

/** Waits until the APIs show these values. */
export function untilRight(right: Right, { ids, door }: Pick<Played, 'ids' | 'door'>): Promise<void> {
  // An order or a wallet that does not exist yet is not right yet.
  return untilEqual<Right | string>(
    () => readState(door, ids, right).catch((error: unknown) => String(error)),
    right,
  );
}

async function playStep(step: Step, played: Played): Promise<void> {
  const { ids, door, attention_after_ms } = played;
  if ('rates' in step) {
    const rates = [{ source: 'user' as const, rate: step.rates.user }];
    await door.retryUntilAnswered(() =>
      door.server.rates.put({ order_id: ids.order_id, service: SERVICE, rates }),
    );
  } else if ('callback' in step) {
    const payload = { invoice_id: ids.order_id, version: step.version, service: SERVICE };
    const id = `${ids.order_id}-announced-${step.version}`;
    await door.retryUntilAnswered(() => door.sendInvoiceChanged(id, payload));
  } else if ('wait' in step) await sleep(2 * attention_after_ms);
  else if ('wait_ms' in step) await sleep(step.wait_ms);
  else if ('at_once' in step) await playAtOnce(step, played);
  else if ('repeat' in step) await repeatAccepted(played);
  else if ('retry' in step) await retryRefused(step, played);
  else if (step.invoice === 'create') await create(step.status, step.total, played);
  else expectAccepted(await update(step, played));
}

async function create(
  status: 'held' | 'cleared',
  total: string,
  { ids: { order_id, ...payee }, door }: Played,
): Promise<void> {
  const body = {
    invoice_id: order_id,
    service: SERVICE,
    ...payee,
    currency: 'USD',
    status,
    payments: paid(total),
  };
  await door.retryUntilAnswered(() => door.transactions.post('/v2/invoice/create', body, invoice));
}

async function update({ total, change_id, ...change }: Change, played: Played): Promise<Attempt> {
  const { ids, door } = played;
  const version = change.version ?? (await readInvoice(door, ids)).version;
  const body = {
    invoice_id: ids.order_id,
    version,
    status: 'cleared',
    payments: paid(total),
    ...(change_id !== undefined && { change_id }),
  };
  const call = door.retryUntilAnswered(() => door.transactions.post('/v2/invoice/update', body, invoice));
  const answer = await call.then(
    (answered: Invoice): Answer => ({ status: 200, version: answered.version, total: totalOf(answered) }),
    (error: unknown): Answer => {
      if (!(error instanceof HttpCallError) || error.outcome !== 'refused') throw error;
      return { status: error.http_status, code: error.code };
    },
  );
  return { change: { version, total, change_id }, answer };
}

async function playAtOnce(step: Extract<Step, { at_once: unknown }>, played: Played): Promise<void> {
  const attempts = await Promise.all(step.at_once.map((each) => update(each, played)));
  const answers = attempts
    .map(({ answer }) => ('code' in answer ? answer : { status: answer.status, version: answer.version }))
    .toSorted((one, other) => Number(one.status) - Number(other.status));
  expectEqual('the answers', answers, step.answers_in_any_order);
  for (const attempt of attempts) played[attempt.answer.status === 200 ? 'accepted' : 'refused'] = attempt;
}

/** Its answer is the first one again, and the invoice stays as it was. */
async function repeatAccepted(played: Played): Promise<void> {
  const { accepted, ids, door } = played;
  if (accepted === undefined) throw new Error('no update was accepted before');
  const before = await readInvoice(door, ids);
  const { answer } = await update(accepted.change, played);
  expectEqual('the repeated answer', answer, accepted.answer);
  expectEqual('the invoice after the repeat', await readInvoice(door, ids), before);
}

/** The refused change took no effect, so its id is free for the change at the version that its caller finds now. */
async function retryRefused(
  { version, total }: Extract<Step, { retry: unknown }>,
  played: Played,
): Promise<void> {
  const { refused, ids, door } = played;
  if (refused === undefined) throw new Error('no update was refused before');
  expectEqual('the version that the caller finds', (await readInvoice(door, ids)).version, version);
  expectAccepted(await update({ ...refused.change, version, total }, played));
}

function expectAccepted({ answer }: Attempt): void {
  if ('code' in answer) throw new Error(`an update was refused: ${answer.status} ${answer.code}`);
}

function expectEqual<Value>(what: string, value: Value, expected: NoInfer<Value>): void {
  const [shown, right] = [JSON.stringify(value), JSON.stringify(expected)];
  if (shown !== right) throw new Error(`${what}: expected ${right}, got ${shown}`);
}

function paid(amount: string) {
  return [{ payment_type: 'card', items: [{ item_id: 'ride', amount }] }];
}
