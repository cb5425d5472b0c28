import { generateOrders } from './orders/generate-orders.ts';
import type { DemoOrder, RejectedLine } from './orders/order.ts';
import { readTrips } from './orders/read-trips.ts';
import { readShippedServices } from './system/services-config.ts';

const GENERATED = 500;

/** The orders to play: from the file, or generated from the seed. */
export async function readInput(options: {
  orders?: string;
  count?: number;
  seed: number;
}): Promise<{ orders: DemoOrder[]; rejected: RejectedLine[] }> {
  const { orders: file, count, seed } = options;
  if (file === undefined) return { orders: generateOrders(count ?? GENERATED, seed), rejected: [] };
  return readTrips(file, { services: new Set(Object.keys(readShippedServices())), count });
}
