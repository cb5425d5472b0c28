import type { PgBoss } from 'pg-boss';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';
import type { Queue } from './define-queue.ts';

const policy = 'stately';

/** Makes the queue, or brings the options of the one there is up to date. Needs no right to make tables. */
export async function createQueue(boss: PgBoss, queue: Queue<unknown>): Promise<void> {
  const options = bossOptions(queue);
  await boss.createQueue(queue.name, { ...options, policy });
  const found = await boss.getQueue(queue.name);
  if (found?.policy !== policy) {
    throw new DatabaseSetupError(
      `queue ${queue.schema}.${queue.name} has the policy ${found?.policy ?? '(none)'} where ${policy} is needed, ` +
        'and a policy cannot be changed: delete the queue, or name it differently',
    );
  }
  const outdated = Object.entries(options).some(
    ([name, value]) => found[name as keyof typeof options] !== value,
  );
  if (outdated) await boss.updateQueue(queue.name, options);
}

function bossOptions({ options }: Queue<unknown>) {
  return {
    notify: true,
    retryLimit: options.retry_limit,
    retryDelay: options.retry_delay_seconds,
    retryBackoff: true,
    retryDelayMax: options.retry_delay_max_seconds,
    expireInSeconds: options.expire_seconds,
    heartbeatSeconds: options.heartbeat_seconds,
    deleteAfterSeconds: options.keep_finished_seconds,
    retentionSeconds: options.keep_queued_seconds,
  };
}
