/** The ways of registering orders: hand-written SQL, or the client and the server. */
export const SERVED_WAYS = ['register_many', 'batched', 'unbatched', 'lone'] as const;
export type ServedWay = (typeof SERVED_WAYS)[number];

export const WAYS = ['plain', ...SERVED_WAYS] as const;
export type Way = (typeof WAYS)[number];

export const PLAIN_CLIENTS = 8;
export const PLAIN_THREADS = 2;

export interface WayShape {
  /** Orders in one call. */
  items: number;
  /** Calls in flight at any time. */
  in_flight: number;
  /** Whether concurrent calls share an HTTP request. */
  batching: boolean;
}

export const SHAPES: Readonly<Record<ServedWay, WayShape>> = {
  register_many: { items: 500, in_flight: 4, batching: true },
  batched: { items: 1, in_flight: 256, batching: true },
  unbatched: { items: 1, in_flight: 64, batching: false },
  lone: { items: 1, in_flight: 1, batching: false },
};

export const MEANINGS: Readonly<Record<Way, string>> = {
  plain: `pgbench, ${PLAIN_CLIENTS} clients: one hand-written transaction per order`,
  register_many: 'client.registerMany, 500 orders per call, 4 calls in flight',
  batched: 'client.register, 256 calls in flight, batched by the client',
  unbatched: 'client.register, 64 calls in flight, each its own request',
  lone: 'client.register, one call at a time',
};
