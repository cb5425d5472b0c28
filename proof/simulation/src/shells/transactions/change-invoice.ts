import { type Flow, atomically, callUntilAnswered, sleep } from '../../engine/flow.ts';
import type { World } from '../../world.ts';
import { writeVersion } from './write-rows.ts';

const SHOP = 'shop';

/** What is captured of an order, one version after another; null: it is cancelled. */
export interface Story {
  order_id: string;
  service: string;
  wallet_id: string;
  captured: { amount: string | null; after_ms: number }[];
}

/** The shop states what is captured, and repeats each statement until it is answered. */
export function* playStory(world: World, story: Story): Flow<void> {
  for (const [index, { amount, after_ms }] of story.captured.entries()) {
    yield* sleep(after_ms);
    yield* callUntilAnswered('transactions', `invoice ${story.order_id} is at ${amount ?? 'nothing'}`, () =>
      stateInvoice(world, story, index, amount),
    );
  }
}

function* stateInvoice(world: World, story: Story, version: number, amount: string | null): Flow<true> {
  const { order_id: invoice_id, service, wallet_id } = story;
  const status = amount === null ? ('cancelled' as const) : ('cleared' as const);
  const payments = amount === null ? [] : [{ payment_type: 'card', items: [{ item_id: 'fare', amount }] }];
  return yield* atomically(`invoice ${invoice_id} is at ${amount ?? 'nothing'}`, () => {
    const { engine, tables } = world;
    const { decideUpdate, writesOfCreation, writesOfUpdate } = world.decisions.transactions;
    const current = tables.invoices.get(invoice_id);
    if (current === undefined) {
      if (version > 0 || status === 'cancelled') throw new Error(`invoice ${invoice_id} is not there`);
      const identity = { invoice_id, service, wallet_id, user_id: 'user', currency: 'USD' };
      writeVersion(world, writesOfCreation({ ...identity, status, payments }, SHOP));
      return true;
    }
    if (version === 0) return true;
    const update = { invoice_id, version, status, payments };
    if (decideUpdate(current, update).outcome === 'changed') {
      writeVersion(world, writesOfUpdate(current, update, SHOP));
      engine.note(`transactions: invoice ${invoice_id} is at ${amount ?? 'nothing'}, version ${version + 1}`);
    }
    return true;
  });
}
