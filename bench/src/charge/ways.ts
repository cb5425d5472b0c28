/** The ways of charging orders. */
export const WAYS = ['worker', 'bare', 'graphile-worker', 'bullmq'] as const;
export type Way = (typeof WAYS)[number];

/** The usual ways of doing the whole work, which the worker is compared with. */
export const PEERS = ['graphile-worker', 'bullmq'] as const satisfies readonly Way[];
export type Peer = (typeof PEERS)[number];

export const MEANINGS: Readonly<Record<Way, string>> = {
  worker: 'apps/worker as it is deployed',
  bare: 'a process that makes the same calls and nothing else: no database, no queue',
  'graphile-worker': 'one job per order on graphile-worker, one order at a time in each of 64 slots',
  bullmq: 'the same on BullMQ',
};

export const PARTS = ['settle', 'queue', 'pick-up', 'backlog'] as const;
export type Part = (typeof PARTS)[number];

export const PART_MEANINGS: Readonly<Record<Part, string>> = {
  settle: 'orders settled per second, and the cost of each',
  queue: "the worker's queue with a handler that does nothing, beside pg-boss alone",
  'pick-up': 'from the commit of a lone job to the first call for it, on an idle worker',
  backlog: 'the orders of --queued wait before the worker starts',
};
