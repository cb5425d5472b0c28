import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AppProcess, startProcess } from '@cashback/system/app-process';
import type { ContenderSetup } from './contender.ts';

/** A program of `bench/peers`. */
export function startPeer(
  program: 'bare-calls' | 'graphile-worker' | 'bullmq',
  { database_url, transactions, callbacks, redis, log_folder }: ContenderSetup,
): Promise<AppProcess> {
  return startProcess({
    name: program,
    main: fileURLToPath(new URL(`../../../peers/${program}.ts`, import.meta.url)),
    env: {
      DATABASE_URL: database_url,
      TRANSACTIONS_URL: transactions.url,
      TRANSACTIONS_TOKEN: transactions.token,
      PORT: String(callbacks.port),
      ...(redis !== null && { REDIS_URL: redis.url }),
    },
    log_file: path.join(log_folder, `${program}.log`),
  });
}
