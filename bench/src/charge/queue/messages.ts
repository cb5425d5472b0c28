/** Who hands the jobs of the queue to a handler that does nothing. */
export const QUEUE_WAYS = ['pg-boss', 'work'] as const;
export type QueueWay = (typeof QUEUE_WAYS)[number];

/** To the consuming process: begin. */
export interface ConsumePlan {
  way: QueueWay;
  database_url: string;
  batch_size: number;
  concurrency: number;
  /** It says so when it was handed as many, and again when as many. */
  tell_at: [number, number];
}
