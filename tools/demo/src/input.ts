import { type DemoOrder, generateOrders } from '@cashback/scenario';
import { readShippedServices } from '@cashback/system';
import type { RejectedLine } from './orders/read-trips.ts';
import { readTrips } from './orders/read-trips.ts';

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
