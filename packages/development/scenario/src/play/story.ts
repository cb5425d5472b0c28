import type { Amount, OrderRate } from '@cashback/contract';
import type { DemoOrder } from '../orders/order.ts';
import { type Random, seededRandom } from '../orders/random.ts';

type Items = DemoOrder['items'];

/** One step in the life of an order. An update states what is captured now, never a difference. */
export type StoryStep =
  | { kind: 'hold'; items: Items }
  | { kind: 'freeze_rates'; rates: OrderRate[] }
  | { kind: 'update'; status: 'cleared' | 'cancelled'; items: Items; why: Change }
  | { kind: 'replay_callbacks' }
  | { kind: 'spend'; amount: Amount };

export type Change = 'clear' | 'refund_part' | 'refund_all' | 'clear_again' | 'cancel';

/** An order's life. `rounds[0]` of every order is played first, then `rounds[1]` of every order, and so on. */
export interface Story {
  order: DemoOrder;
  rounds: StoryStep[][];
}

/** Decides an order's life by the seed alone. About half of the orders change after their first clear. */
export function planStory(order: DemoOrder, seed: number): Story {
  const random = seededRandom(seed ^ 0x5eed, order.number);
  const opening: StoryStep[] = [
    { kind: 'hold', items: order.items },
    { kind: 'freeze_rates', rates: pickRates(random) },
  ];
  if (random.chance(3)) {
    return {
      order,
      rounds: [[...opening, { kind: 'update', status: 'cancelled', items: [], why: 'cancel' }]],
    };
  }
  const first: StoryStep[] = [
    ...opening,
    { kind: 'update', status: 'cleared', items: order.items, why: 'clear' },
  ];
  const rounds = [first];
  const changes = random.chance(50) ? random.integer(1, 3) : 0;
  for (let change = 0; change < changes; change += 1) {
    const step = pickChange(order, random);
    // Some changes are made while the previous one is still processed, others in a later round.
    if (random.chance(40)) rounds.at(-1)?.push(step);
    else rounds.push([step]);
    if (step.kind === 'update' && step.status === 'cancelled') break;
  }
  if (random.chance(20)) rounds.at(-1)?.push({ kind: 'replay_callbacks' });
  if (random.chance(15)) rounds.push([{ kind: 'spend', amount: BigInt(random.integer(1, 100)) * 100n }]);
  return { order, rounds };
}

function pickRates(random: Random): OrderRate[] {
  const user: OrderRate = { source: 'user', rate: random.pick(['0.03', '0.05', '0.1', '0.0725']) };
  if (random.chance(20)) user.max_value = '1.5000';
  return [user, { source: 'service', rate: random.pick(['0', '0.01', '0.02']) }];
}

function pickChange(order: DemoOrder, random: Random): StoryStep {
  const why = random.pick<Change>([
    'refund_part',
    'refund_part',
    'refund_part',
    'refund_all',
    'clear_again',
    'clear_again',
    'cancel',
  ]);
  switch (why) {
    case 'refund_part': {
      const percent = BigInt(random.integer(10, 90));
      return { kind: 'update', status: 'cleared', items: scale(order.items, percent), why };
    }
    case 'clear_again': {
      const percent = BigInt(random.pick([100, 100, 110, 150]));
      return { kind: 'update', status: 'cleared', items: scale(order.items, percent), why };
    }
    case 'cancel':
      return { kind: 'update', status: 'cancelled', items: [], why };
    default:
      return { kind: 'update', status: 'cleared', items: [], why };
  }
}

function scale(items: Items, percent: bigint): Items {
  return items
    .map(({ item_id, amount }) => ({ item_id, amount: (amount * percent) / 100n }))
    .filter(({ amount }) => amount > 0n);
}
