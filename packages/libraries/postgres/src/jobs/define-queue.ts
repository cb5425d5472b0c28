import type { z } from 'zod';

/** Times in seconds. */
export type QueueOptions = {
  /** How often a job whose handler threw, or whose worker died, is tried again before it counts as failed. */
  retry_limit: number;
  /** Before the first retry; it doubles with every further one, up to `retry_delay_max_seconds`. */
  retry_delay_seconds: number;
  retry_delay_max_seconds: number;
  /** How long a batch's handler may take before its signal aborts and its jobs are given to another. */
  expire_seconds: number;
  /** A job whose worker has been silent for this long is given to another; at least 10. */
  heartbeat_seconds: number;
  keep_finished_seconds: number;
  /** How long a job waits for a worker before it is dropped. */
  keep_queued_seconds: number;
};

export type Queue<Payload> = {
  name: string;
  schema: string;
  payload: z.ZodType<Payload>;
  options: QueueOptions;
};

const defaultOptions: QueueOptions = {
  retry_limit: 5,
  retry_delay_seconds: 1,
  retry_delay_max_seconds: 30,
  expire_seconds: 120,
  heartbeat_seconds: 10,
  keep_finished_seconds: 300,
  keep_queued_seconds: 14 * 24 * 3600,
};
const plainName = /^[a-z][a-z0-9_]{0,49}$/;

/**
 * A queue in which every job has a key, with at most one job waiting and one running per key: a job that is
 * enqueued while its key runs is kept and runs afterwards, a further one is skipped. `payload` must ignore
 * unknown fields, as `z.object` does, and take what older releases enqueued: jobs outlive deployments.
 */
export function defineQueue<Payload>(definition: {
  name: string;
  /** The schema that pg-boss is installed in: `jobs_schema` of the owner. */
  schema: string;
  payload: z.ZodType<Payload>;
  options?: Partial<QueueOptions>;
}): Queue<Payload> {
  for (const name of [definition.name, definition.schema]) {
    if (!plainName.test(name)) {
      throw new Error(`queue ${JSON.stringify(name)} is not a plain name: expected ${plainName.source}`);
    }
  }
  return { ...definition, options: { ...defaultOptions, ...definition.options } };
}
