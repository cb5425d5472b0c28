import { request } from 'undici';
import type { Contender, ContenderSetup } from './contender.ts';
import { startPeer } from './peer-process.ts';

export async function startBare(setup: ContenderSetup): Promise<Contender> {
  const bare = await startPeer('bare-calls', setup);
  return {
    pid: bare.pid,
    async prepare(orders) {
      const body = JSON.stringify(orders);
      return {
        async begin() {
          const options = { method: 'POST', body, headersTimeout: 0, signal: setup.signal } as const;
          const { statusCode } = await request(`${bare.url}/orders`, options);
          if (statusCode !== 200)
            throw new Error('a bare call failed; the reason is in .data/bench/logs/bare-calls.log');
        },
      };
    },
    enqueue: () => Promise.reject(new Error('the bare calls have no queue')),
    moreCpu: async () => 0,
    stop: () => bare.stop(),
  };
}
