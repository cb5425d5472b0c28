import { median } from '../measure/statistics.ts';
import { withClient } from '../database/with-client.ts';

const seconds = 2;

/**
 * The median time of a commit of one row with no other load, in ms: what the disk needs to make it durable. No call
 * that writes can be faster.
 */
export async function measureCommit(url: string): Promise<number> {
  return withClient(url, async (client) => {
    await client.query('CREATE TABLE IF NOT EXISTS bench_commits (made_at timestamptz NOT NULL)');
    const insert = { name: 'commit', text: 'INSERT INTO bench_commits VALUES (now())' };
    const latenciesMs: number[] = [];
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const began = performance.now();
      await client.query(insert);
      latenciesMs.push(performance.now() - began);
    }
    await client.query('DROP TABLE bench_commits');
    return median(latenciesMs);
  });
}
