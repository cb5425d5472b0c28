import { type Transaction, openDatabase } from '@cashback/postgres';
import type { BenchOrder } from '../fill/bench-order.ts';
import { openSink } from '../upstream/sink.ts';
import type { Contender, ContenderSetup } from './contender.ts';
import { commitTimed, holdCommit } from './hold-commit.ts';
import { startPeer } from './peer-process.ts';
import { untilSettled } from './until-settled.ts';

// As graphile-worker's own addJobs, but inside our transaction.
const addText = `
  SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
    SELECT json_populate_recordset(null::graphile_worker.job_spec, $1::json)))`;

export async function startGraphileWorker(setup: ContenderSetup): Promise<Contender> {
  const { database_url, callbacks, signal } = setup;
  const sink = await openSink(callbacks.port);
  const peer = await startPeer('graphile-worker', setup);
  const database = openDatabase({ url: database_url, application_name: 'bench' });
  return {
    pid: peer.pid,
    async prepare(orders) {
      const { commit } = await holdCommit(database, (tx) => addJobs(tx, orders));
      return {
        async begin() {
          await commit();
          await untilSettled(database, signal);
        },
      };
    },
    enqueue: (order) => commitTimed(database, (tx) => addJobs(tx, [order])),
    moreCpu: async () => 0,
    async stop() {
      await peer.stop();
      await database.close();
      await sink.close();
    },
  };
}

async function addJobs({ client }: Transaction, orders: readonly BenchOrder[]): Promise<void> {
  const specs = orders.map(({ order_id }) => ({ identifier: 'charge', payload: { order_id } }));
  await client.query({ name: 'add-jobs', text: addText, values: [JSON.stringify(specs)] });
}
