import { CashbackError } from '@cashback/contract';
import type { Payment } from '@cashback/wire';
import { type Flow, atomically, callUntilAnswered, sleep } from '../../engine/flow.ts';
import { Violation } from '../../invariants/violation.ts';
import { rowOf } from '../../rows.ts';
import type { Story } from '../../story.ts';
import type { World } from '../../world.ts';
import { lockInvoice } from './lock-invoice.ts';
import { writeVersion } from './write-rows.ts';

const SHOP = 'shop';

/**
 * The shop states what is captured, and repeats each statement until it is answered. It names the version of the answer
 * before. Each statement is answered with the invoice, also when an earlier request of it has taken effect.
 */
export function* playStory(world: World, story: Story): Flow<void> {
  let version = 0;
  for (const { amount, after_ms } of story.captured) {
    yield* sleep(after_ms);
    version = yield* state(world, story, version, amount);
  }
}

/** Returns the version of the answer. After a restore of transactions, or a change of payee, the shop reads the version that is there first. */
export function* state(world: World, story: Story, version: number, amount: string | null): Flow<number> {
  for (let seen = version; ;) {
    const known = seen;
    const answer = yield* callUntilAnswered('transactions', describe(story, amount), () =>
      known === 0 ? createInvoice(world, story, amount) : updateInvoice(world, story, known, amount),
    );
    if (!(answer instanceof CashbackError)) return answer.version;
    const { invoices, invoice_epochs } = world.tables;
    // A change of payee is a version of its own.
    const mayPass = invoice_epochs.length > 1 || world.payees.has(story.order_id);
    if (!mayPass) throw new Violation(null, `the shop is refused: ${answer.message}`);
    seen = invoices.get(story.order_id)?.version ?? 0;
    // It is not the version that is refused: a cancelled invoice is not captured again.
    if (seen === known) return seen;
  }
}

type Answer = { version: number } | CashbackError;

/** `POST /v2/invoice/create` */
function* createInvoice(world: World, story: Story, amount: string | null): Flow<Answer> {
  const { order_id: invoice_id, service, wallet_id } = story;
  const identity = { invoice_id, service, wallet_id, user_id: 'user', currency: 'USD' };
  const input = { ...identity, status: 'cleared' as const, payments: paymentsOf(amount) };
  return yield* atomically(describe(story, amount), () => {
    const { firstVersionOf, refuseCreation, writesOfCreation } = world.decisions.transactions;
    const current = world.tables.invoices.get(invoice_id);
    if (current === undefined) {
      writeVersion(world, writesOfCreation(input, SHOP));
      return { version: 1 };
    }
    const history = [...world.tables.invoice_history.values()];
    const first = firstVersionOf(
      current,
      history.filter((entry) => entry.invoice_id === invoice_id),
    );
    return refuseCreation(first, input, false) ?? { version: current.version };
  });
}

/** `POST /v2/invoice/update` */
function* updateInvoice(world: World, story: Story, version: number, amount: string | null): Flow<Answer> {
  const { order_id: invoice_id } = story;
  const status = amount === null ? ('cancelled' as const) : ('cleared' as const);
  const update = { invoice_id, version, status, payments: paymentsOf(amount) };
  return yield* atomically(describe(story, amount), () => {
    const { engine, tables } = world;
    const { planUpdate } = world.decisions.transactions;
    const writes = planUpdate(lockInvoice(world, invoice_id), update, { caller: SHOP });
    if (writes instanceof CashbackError) return writes;
    if (writes !== null) {
      writeVersion(world, writes);
      engine.note(`transactions: ${describe(story, amount)}, version ${version + 1}`);
    }
    return { version: rowOf(tables.invoices, invoice_id).version };
  });
}

function paymentsOf(amount: string | null): Payment[] {
  return amount === null ? [] : [{ payment_type: 'card', items: [{ item_id: 'fare', amount }] }];
}

function describe({ order_id }: Story, amount: string | null): string {
  return `invoice ${order_id} is at ${amount ?? 'nothing'}`;
}
