/** The ways of passing the jobs of the queue to a handler that does nothing. */
export const QUEUE_WAYS = ['pg-boss', 'work'] as const;
export type QueueWay = (typeof QUEUE_WAYS)[number];

/** Starts the consuming process. */
export interface ConsumePlan {
  way: QueueWay;
  database_url: string;
  batch_size: number;
  concurrency: number;
  /** Job counts at which it reports, in this order. */
  report_at: [number, number];
}
