import type { DemoOrder } from './order.ts';
import { seededRandom } from './random.ts';

/** Orders like those of a day of taxi trips. The same seed gives the same orders. */
export function generateOrders(count: number, seed: number): DemoOrder[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const random = seededRandom(seed, number);
    const cents = (from: number, to: number) => BigInt(random.integer(from, to)) * 100n;
    const items = [
      { item_id: 'fare', amount: cents(300, 9000) },
      { item_id: 'tip', amount: random.chance(60) ? cents(50, 1500) : 0n },
      { item_id: 'tolls', amount: random.chance(10) ? 57_600n : 0n },
      { item_id: 'surcharges', amount: cents(80, 380) },
    ];
    return {
      number,
      service: random.chance(85) ? 'yellow' : 'green',
      payment_type: random.chance(72) ? 'card' : 'cash',
      items: items.filter(({ amount }) => amount > 0n),
    };
  });
}
