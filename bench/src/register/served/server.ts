import { randomBytes } from 'node:crypto';
import type { AppProcess } from '@cashback/system/app-process';
import { startApp } from '@cashback/system/start-app';

/** The role that the server's connections assume. */
export const SERVER_ROLE = 'cashback_server';

export interface BenchServer {
  process: AppProcess;
  token: string;
}

/** The server as it is deployed: a process of its own with its default settings. */
export async function startServer(databaseUrl: string, logFolder: string): Promise<BenchServer> {
  const token = randomBytes(24).toString('base64url');
  const process = await startApp('server', {
    env: {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      LOG_LEVEL: 'info',
      BEARER_TOKENS: JSON.stringify([{ caller: 'bench', token, scopes: ['register'] }]),
    },
    log_folder: logFolder,
  });
  return { process, token };
}
