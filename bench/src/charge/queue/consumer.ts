/** The consuming process: takes jobs from the queue and does nothing with them. */
import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import { startJobs } from '@cashback/postgres';
import { PgBoss } from 'pg-boss';
import type { ConsumePlan, QueueWay } from './messages.ts';

type Counted = (jobs: number) => void;

const logError = (error: Error): void => void process.stderr.write(`${error.message}\n`);

const consume: Readonly<Record<QueueWay, (plan: ConsumePlan, counted: Counted) => Promise<void>>> = {
  async 'pg-boss'({ database_url, batch_size, concurrency }, counted) {
    const boss = new PgBoss({
      connectionString: database_url,
      schema: CASHBACK_JOBS_SCHEMA,
      migrate: false,
      schedule: false,
      registerInstance: false,
      useListenNotify: true,
    });
    boss.on('error', logError);
    await boss.start();
    const options = {
      batchSize: batch_size,
      localConcurrency: concurrency,
      burstWhenBatchFull: true,
      pollingIntervalSeconds: 1,
      notifyPollingIntervalSeconds: 1,
    };
    await boss.work(chargeQueue.name, options, async (batch) => counted(batch.length));
  },
  async work({ database_url, batch_size, concurrency }, counted) {
    const jobs = await startJobs({
      database_url,
      jobs_schema: CASHBACK_JOBS_SCHEMA,
      queues: [chargeQueue],
      application_name: 'bench',
      log_error: logError,
    });
    await jobs.work(chargeQueue, { batch_size, concurrency }, async (batch) => counted(batch.length));
  },
};

process.once('message', (plan: ConsumePlan) => {
  let handed = 0;
  let reports = 0;
  void consume[plan.way](plan, (jobs) => {
    handed += jobs;
    for (
      let next = plan.report_at[reports];
      next !== undefined && handed >= next;
      next = plan.report_at[reports]
    ) {
      process.send?.({ handed });
      reports += 1;
    }
  });
});
process.on('disconnect', () => process.exit());
