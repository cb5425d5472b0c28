import { formatAmount } from '@cashback/contract';
import { type Invoice, type InvoiceStatus, invoice } from '@cashback/wire';
import { HttpCallError } from '@cashback/service';
import PQueue from 'p-queue';
import * as z from 'zod';
import type { DemoOrder } from '../orders/order.ts';
import type { FrontDoor } from './front-door.ts';
import { orderIdOf, payeeOf } from './payee.ts';
import type { Change, StoryStep, Story } from './story.ts';

const CONCURRENCY = 12;

export type Played = Record<Change | 'hold' | 'replayed_callbacks' | 'spend', number>;

interface PlayOptions {
  run: string;
  door: FrontDoor;
  signal: AbortSignal;
  progress(steps: number): void;
}

/** Plays every story through the front door, round by round. Within a round the orders run concurrently. */
export async function playStories(stories: readonly Story[], options: PlayOptions): Promise<Played> {
  const played: Played = {
    hold: 0,
    clear: 0,
    refund_part: 0,
    refund_all: 0,
    clear_again: 0,
    cancel: 0,
    replayed_callbacks: 0,
    spend: 0,
  };
  const queue = new PQueue({ concurrency: CONCURRENCY });
  const versions = new Map<string, number>();
  const rounds = Math.max(0, ...stories.map((story) => story.rounds.length));
  try {
    for (let round = 0; round < rounds; round += 1) {
      await queue.addAll(
        stories.map(({ order, rounds: steps }) => async () => {
          for (const step of steps[round] ?? []) {
            options.signal.throwIfAborted();
            await playStep(step, order, versions, played, options);
            options.progress(1);
          }
        }),
      );
    }
  } finally {
    // The first failure ends the run: steps that wait are not started.
    queue.clear();
  }
  return played;
}

async function playStep(
  step: StoryStep,
  order: DemoOrder,
  versions: Map<string, number>,
  played: Played,
  { run, door }: PlayOptions,
): Promise<void> {
  const order_id = orderIdOf(run, order);
  const version = versions.get(order_id) ?? 0;
  const remember = (answer: Invoice) => versions.set(order_id, answer.version);
  switch (step.kind) {
    case 'hold': {
      const body = {
        invoice_id: order_id,
        service: order.service,
        ...payeeOf(run, order),
        ...captured('held', order, step.items),
      };
      remember(
        await door.retryUntilAnswered(() => door.transactions.post('/v2/invoice/create', body, invoice)),
      );
      played.hold += 1;
      return;
    }
    case 'freeze_rates':
      await door.retryUntilAnswered(() =>
        door.server.rates.put({ order_id, service: order.service, rates: step.rates }),
      );
      return;
    case 'update': {
      const body = { invoice_id: order_id, version, ...captured(step.status, order, step.items) };
      remember(
        await door.retryUntilAnswered(() => door.transactions.post('/v2/invoice/update', body, invoice)),
      );
      played[step.why] += 1;
      return;
    }
    case 'replay_callbacks':
      played.replayed_callbacks += await replayCallbacks(door, order_id, order.service, version);
      return;
    default: {
      const { wallet_id } = payeeOf(run, order);
      const body = { spend_id: `${order_id}-spend`, amount: formatAmount(step.amount) };
      played.spend += await spend(door, wallet_id, body);
    }
  }
}

/** Sends the callback of every version so far, newest first and each twice. */
async function replayCallbacks(
  door: FrontDoor,
  order_id: string,
  service: string,
  newest: number,
): Promise<number> {
  let sent = 0;
  for (let version = newest; version >= 1; version -= 1) {
    for (const copy of ['first', 'second']) {
      const payload = { invoice_id: order_id, version, service };
      await door.retryUntilAnswered(() => door.sendInvoiceChanged(`${order_id}-${version}-${copy}`, payload));
      sent += 1;
    }
  }
  return sent;
}

/** The customer spends money. A wallet that holds too little refuses, which is no fault. */
async function spend(door: FrontDoor, wallet_id: string, body: object): Promise<0 | 1> {
  try {
    await door.retryUntilAnswered(() => door.trust.post(`/wallets/${wallet_id}/spend`, body, z.object({})));
    return 1;
  } catch (error) {
    if (error instanceof HttpCallError && error.outcome === 'refused') return 0;
    throw error;
  }
}

function captured(status: InvoiceStatus, order: DemoOrder, items: DemoOrder['items']) {
  const lines = items.map(({ item_id, amount }) => ({ item_id, amount: formatAmount(amount) }));
  return { status, payments: lines.length === 0 ? [] : [{ payment_type: order.payment_type, items: lines }] };
}
